//! One JSON object per line in, one answer per line out, in order, until the end of the input.
//! Knows nothing of what is asked; touches nothing but the two streams.

use std::io::{BufRead, Write};

use serde_json::{Map, Value, json};

use crate::exit_code::ExitCode;

/// An object of JSON.
pub(super) type Object = Map<String, Value>;

/// Answers every line of standard input. A reader that went away ends it, without an error.
pub(super) fn answer(
    handle: impl Fn(&Object) -> Result<Value, String>,
) -> anyhow::Result<ExitCode> {
    answer_lines(
        &mut std::io::stdin().lock(),
        &mut std::io::stdout().lock(),
        handle,
    )?;
    Ok(ExitCode::Passed)
}

fn answer_lines(
    input: &mut dyn BufRead,
    output: &mut dyn Write,
    handle: impl Fn(&Object) -> Result<Value, String>,
) -> anyhow::Result<()> {
    let mut line = Vec::new();
    while input.read_until(b'\n', &mut line)? > 0 {
        let answer = answer_line(&line, &handle);
        if writeln!(output, "{answer}")
            .and_then(|()| output.flush())
            .is_err()
        {
            break;
        }
        line.clear();
    }
    Ok(())
}

/// An answer has the `id` of its question; what is no question is an error of the kind `input`.
fn answer_line(line: &[u8], handle: impl Fn(&Object) -> Result<Value, String>) -> Value {
    let refuse =
        |id: &Value, message: String| json!({"id": id, "error": "input", "message": message});
    match serde_json::from_slice::<Value>(line) {
        Ok(Value::Object(question)) => {
            let id = question.get("id").cloned().unwrap_or_default();
            match handle(&question) {
                Ok(Value::Object(answer)) => {
                    let mut whole = Map::new();
                    whole.insert("id".to_owned(), id);
                    whole.extend(answer);
                    Value::Object(whole)
                }
                Ok(answer) => json!({"id": id, "answer": answer}),
                Err(message) => refuse(&id, message),
            }
        }
        Ok(_) => refuse(&Value::Null, "the line is no JSON object".to_owned()),
        Err(error) => refuse(&Value::Null, format!("the line is no JSON: {error}")),
    }
}

/// Returns a text of a question.
pub(super) fn text<'q>(question: &'q Object, key: &str) -> Result<&'q str, String> {
    match question.get(key) {
        Some(Value::String(text)) => Ok(text),
        Some(_) => Err(format!("`{key}` is no text")),
        None => Err(format!("`{key}` is missing")),
    }
}

/// Returns an object of a question; an empty one where there is none.
pub(super) fn object<'q>(
    question: &'q Object,
    key: &str,
) -> Result<impl Iterator<Item = (&'q String, &'q Value)> + use<'q>, String> {
    let entries = match question.get(key) {
        Some(Value::Object(object)) => Some(object),
        Some(Value::Null) | None => None,
        Some(_) => return Err(format!("`{key}` is no object")),
    };
    Ok(entries.into_iter().flatten())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_line_is_answered_in_order() {
        let input = "{\"id\": 1, \"x\": \"a\"}\n\n[1]\n{\"id\": {\"own\": 2}}\nno\n{\"x\": \"b\"}";
        let mut output = Vec::new();
        answer_lines(&mut input.as_bytes(), &mut output, |question| {
            Ok(json!({"was": text(question, "x")?}))
        })
        .expect("memory can be written");
        let output = String::from_utf8(output).expect("UTF-8");
        let answers: Vec<Value> = output
            .lines()
            .map(|line| serde_json::from_str(line).expect("JSON"))
            .collect();
        assert_eq!(answers.len(), 6, "{output}");
        assert_eq!(answers[0], json!({"id": 1, "was": "a"}));
        assert_eq!(answers[2]["message"], "the line is no JSON object");
        assert_eq!(
            answers[3],
            json!({"id": {"own": 2}, "error": "input", "message": "`x` is missing"})
        );
        assert_eq!(answers[5], json!({"id": null, "was": "b"}));
        for broken in [1, 4] {
            assert_eq!(answers[broken]["error"], "input");
            assert_eq!(answers[broken]["id"], Value::Null);
        }
    }

    #[test]
    fn no_line_ends_the_stream() {
        let last: &[u8] = b"{\"id\": \"last\", \"x\": \"\"}\r\n";
        for line in [
            b"{\"id\": 1, \"x\": \"\xff\"}".to_vec(),
            b"\0".to_vec(),
            b"{\"id\": 1, \"id\": 2".to_vec(),
            format!("{{\"x\": {}", "[".repeat(100_000)).into_bytes(),
            b"{\"x\": \"\\ud800\"}".to_vec(),
        ] {
            let input = [line.as_slice(), b"\n", last].concat();
            let mut output = Vec::new();
            answer_lines(&mut input.as_slice(), &mut output, |question| {
                Ok(json!({"was": text(question, "x")?}))
            })
            .expect("memory can be written");
            let output = String::from_utf8(output).expect("UTF-8");
            let answers: Vec<Value> = output
                .lines()
                .map(|line| serde_json::from_str(line).expect("JSON"))
                .collect();
            assert_eq!(answers.len(), 2, "{output}");
            assert_eq!(answers[0]["error"], "input");
            assert_eq!(answers[1], json!({"id": "last", "was": ""}));
        }
    }
}
