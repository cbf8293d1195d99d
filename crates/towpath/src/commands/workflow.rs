//! `towpath workflow parse --json-lines`: what GitHub's own parser would say of a workflow, and the
//! workflow in its form, for programs that compare implementations.

use serde_json::{Value as Json, json};
use towpath_report::Source;
use towpath_workflow::Sources;
use towpath_workflow::official::{Mistake, mistakes, template};

use super::json_lines;
use crate::exit_code::ExitCode;

pub(super) fn parse() -> anyhow::Result<ExitCode> {
    json_lines::answer(answer)
}

fn answer(question: &json_lines::Object) -> Result<Json, String> {
    let source = Source {
        path: json_lines::text(question, "file")?,
        text: json_lines::text(question, "text")?,
    };
    let files = json_lines::object(question, "files")?.map(|(name, text)| match text {
        Json::String(text) => Ok((name.clone(), text.clone())),
        _ => Err(format!("`{name}` of `files` is no text")),
    });
    let files = files.collect::<Result<Sources, String>>()?;
    let errors: Vec<Json> = mistakes(&source, &files).iter().map(error).collect();
    let workflow = errors.is_empty().then(|| template(&source, &files));
    Ok(json!({"ok": errors.is_empty(), "errors": errors, "workflow": workflow}))
}

fn error(mistake: &Mistake) -> Json {
    json!({
        "file": mistake.file,
        "line": mistake.line,
        "column": mistake.column,
        "message": mistake.message,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ask(text: &str, files: &Json) -> Json {
        let question = json!({"file": ".github/workflows/x.yml", "text": text, "files": files});
        let Json::Object(question) = question else {
            panic!("it is an object")
        };
        answer(&question).expect("the question is right")
    }

    #[test]
    fn answers_with_the_typed_workflow() {
        let text = "on: push\njobs: {a: {runs-on: x, steps: [{run: echo}]}}\n";
        let answer = ask(text, &Json::Null);
        assert_eq!(answer["ok"], true);
        assert_eq!(answer["errors"], json!([]));
        assert_eq!(answer["workflow"]["jobs"][0]["id"], "a");
    }

    #[test]
    fn answers_with_mistakes_of_the_file_and_of_those_it_calls() {
        let uses = "./.github/workflows/called.yml";
        let text = format!("on: push\njobs:\n  a:\n    uses: {uses}\n    with: {{x: 1}}\n");
        let called = "on: workflow_call\njobs: {a: {runs-on: x, steps: [{run: echo}]}}\n";
        let answer = ask(&text, &json!({uses: called}));
        assert_eq!(
            answer["errors"],
            json!([{
                "file": ".github/workflows/x.yml",
                "line": 5,
                "column": 15,
                "message": "Invalid input, x is not defined in the referenced workflow.",
            }])
        );
        let answer = ask(&text, &json!({uses: "on: workflow_call\n"}));
        assert_eq!(answer["ok"], false);
        assert_eq!(answer["errors"][0]["file"], uses);
    }
}
