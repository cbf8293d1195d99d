//! Mistakes in expressions, told in plain words with their exact place and the nearest right name.

use towpath_report::nearest;

use super::fields::list;
use super::reader::{Reader, scalar_text};
use crate::expression::{Condition, Error, Expression, Function, Reason, Template, built_in_names};
use crate::legal::{CONTEXTS, Legal};
use crate::syntax::Text;
use crate::yaml::Node;

/// What is said about a mistake.
struct Told {
    message: String,
    label: String,
    hint: Option<String>,
}

impl Reader<'_> {
    /// Checks the expressions of a scalar; tells whether all are right.
    pub(super) fn check_expressions(&mut self, node: &Node, legal: &Legal) -> bool {
        let Some(text) = node.as_str().filter(|text| text.contains("${{")) else {
            return true;
        };
        if legal.contexts.is_empty() {
            let start = text.find("${{").unwrap_or_default();
            let at = node.position(self.source.text, start);
            let hint = "write the value out".to_owned();
            self.problem(
                at..at + 3,
                "an expression where none can stand",
                "not evaluated here",
                hint,
            );
            return false;
        }
        match Template::parse(text, &legal.names()) {
            Ok(template) => {
                let wrong = template.expressions().flat_map(Expression::wrong_formats);
                self.wrong_formats(node, wrong.collect());
                true
            }
            Err(errors) => {
                self.expression_errors(node, &errors, legal);
                false
            }
        }
    }

    /// Returns the text of an `if`, which is an expression with or without `${{ }}`.
    pub(super) fn condition(&mut self, node: &Node, legal: &Legal) -> Option<Text> {
        let Some(source) = scalar_text(node) else {
            self.wrong_kind(node, "`if`", "an expression");
            return None;
        };
        match Condition::parse(&source, &legal.names()) {
            Err(errors) => self.expression_errors(node, &errors, legal),
            Ok(condition) if condition.is_text() => self.always_true(node, &source),
            Ok(condition) => self.wrong_formats(node, condition.wrong_formats()),
        }
        Some(Text {
            source,
            origin: self.origin(node),
        })
    }

    /// GitHub takes a wrong `format` and fails where it is evaluated.
    fn wrong_formats(&mut self, node: &Node, wrong: Vec<String>) {
        for message in wrong {
            let hint = "`{0}` is the first argument; double the braces that are meant as such";
            self.warning(
                node.span.clone(),
                lower_first(&message),
                "fails when it is evaluated",
                hint.to_owned(),
            );
        }
    }

    fn always_true(&mut self, node: &Node, source: &str) {
        let inner = source.trim();
        let is_blank = inner.starts_with("${{") && inner.find("}}") == Some(inner.len() - 2);
        let (what, hint) = if is_blank {
            (
                "white space around an expression",
                "remove the braces; a block of lines without its last line end begins with `|-` or `>-`",
            )
        } else {
            (
                "text around an expression",
                "put the whole condition inside `${{ }}`, or remove the braces",
            )
        };
        let message = format!("the `if` is always true, since there is {what}");
        self.warning(
            node.span.clone(),
            message,
            "text is always true",
            hint.to_owned(),
        );
    }

    fn expression_errors(&mut self, node: &Node, errors: &[Error], legal: &Legal) {
        for error in errors {
            let start = node.position(self.source.text, error.range.start);
            let length = error.range.len().max(1);
            let end = start
                .saturating_add(length)
                .min(node.span.end.max(start + 1));
            let told = tell(error, legal);
            self.problem(start..end, told.message, &told.label, told.hint);
        }
    }
}

fn tell(error: &Error, legal: &Legal) -> Told {
    let told = |message: String, label: &str, hint: Option<String>| Told {
        message,
        label: label.to_owned(),
        hint,
    };
    match &error.reason {
        Reason::UnknownContext(name) => unknown_context(name, legal),
        Reason::UnknownFunction(name) => unknown_function(name, legal),
        Reason::UnexpectedSymbol(symbol) => told(
            format!("unexpected `{symbol}` in an expression"),
            "cannot stand here",
            symbol_hint(symbol),
        ),
        Reason::UnexpectedEnd(symbol) => told(
            format!("the expression ends too early, after `{symbol}`"),
            "something is missing after this",
            Some("complete the expression, or close what is open".to_owned()),
        ),
        Reason::TooFewParameters(name) => told(
            format!("too few arguments for `{name}`"),
            "needs more arguments",
            Some(arguments_hint(name)),
        ),
        Reason::TooManyParameters(name) => told(
            format!("too many arguments for `{name}`"),
            "takes fewer arguments",
            Some(arguments_hint(name)),
        ),
        Reason::EvenParameters(name) => told(
            format!("an even number of arguments for `{name}`"),
            "needs pairs and a default",
            Some(arguments_hint(name)),
        ),
        Reason::Unclosed => told(
            "expression without an end".to_owned(),
            "opened here",
            Some("close it with `}}`".to_owned()),
        ),
        Reason::Empty => told(
            "expression without content".to_owned(),
            "nothing between the braces",
            Some("write an expression, or remove the braces".to_owned()),
        ),
        Reason::InsertInText => told(
            "`insert` inside text".to_owned(),
            "stands for entries of a mapping",
            Some("write `${{ insert }}` as a key of its own".to_owned()),
        ),
        Reason::InsertWithParameters(_) => told(
            "`insert` takes nothing after it".to_owned(),
            "remove what follows",
            Some("write `${{ insert }}` as a key, and what to insert as its value".to_owned()),
        ),
        Reason::TooDeep | Reason::TooLong => told(
            lower_first(&error.message),
            "too much for one expression",
            Some("compute it in a step and use its output".to_owned()),
        ),
        Reason::Other(message) => told(lower_first(message), "in this call", None),
    }
}

fn unknown_context(name: &str, legal: &Legal) -> Told {
    let usable = || list(legal.contexts.iter().copied());
    if CONTEXTS
        .iter()
        .any(|context| context.eq_ignore_ascii_case(name))
    {
        return Told {
            message: format!("the context `{name}` cannot be used here"),
            label: format!("not a context that {} can use", legal.user),
            hint: Some(
                context_hint(name, legal)
                    .unwrap_or_else(|| format!("the contexts here are {}", usable())),
            ),
        };
    }
    let is_text = || {
        format!(
            "the contexts here are {}; text stands in single quotes",
            usable()
        )
    };
    Told {
        message: format!("unknown context `{name}`"),
        label: format!("not a context that {} can use", legal.user),
        hint: Some(
            nearest(name, legal.contexts.iter().copied())
                .map_or_else(is_text, |meant| format!("did you mean `{meant}`?")),
        ),
    }
}

/// Says what to do instead of the well-known wrong uses.
fn context_hint(name: &str, legal: &Legal) -> Option<String> {
    if name.eq_ignore_ascii_case("secrets")
        && legal.contexts.contains(&"vars")
        && legal.contexts.contains(&"env")
    {
        return Some("put the secret into `env` of the job and test `env.NAME != ''`".to_owned());
    }
    if name.eq_ignore_ascii_case("secrets") && !legal.contexts.contains(&"vars") {
        return Some("hand the secret in as an input of the action".to_owned());
    }
    (name.eq_ignore_ascii_case("env") && legal.contexts.contains(&"vars")).then(|| {
        "`env` is known only inside steps; use `vars`, or an output of a job in `needs`".to_owned()
    })
}

fn unknown_function(name: &str, legal: &Legal) -> Told {
    let every = [&Function::STATUS[..], &[Function::HashFiles]].concat();
    let here = || built_in_names().chain(legal.functions.iter().map(|function| function.name()));
    if every
        .iter()
        .any(|function| function.name().eq_ignore_ascii_case(name))
    {
        return Told {
            message: format!("the function `{name}` cannot be used here"),
            label: format!("not a function that {} can use", legal.user),
            hint: Some(format!("the functions here are {}", list(here()))),
        };
    }
    Told {
        message: format!("unknown function `{name}`"),
        label: "no function is called so".to_owned(),
        hint: Some(nearest(name, here()).map_or_else(
            || format!("the functions here are {}", list(here())),
            |meant| format!("did you mean `{meant}`?"),
        )),
    }
}

fn symbol_hint(symbol: &str) -> Option<String> {
    let hint = match symbol.chars().next()? {
        '"' => "text stands in single quotes",
        '\'' => "close the text with a single quote; two of them are one in the text",
        '=' => "compare with `==`",
        '&' => "use `&&`",
        '|' => "use `||`",
        '$' => "the braces `${{ }}` stand around a whole expression",
        _ => "check the operators and brackets before it",
    };
    Some(hint.to_owned())
}

fn arguments_hint(name: &str) -> String {
    let form = match name.to_ascii_lowercase().as_str() {
        "contains" => "contains(search, item)",
        "startswith" => "startsWith(text, start)",
        "endswith" => "endsWith(text, end)",
        "format" => "format(text, value, …)",
        "join" => "join(list, separator)",
        "tojson" => "toJSON(value)",
        "fromjson" => "fromJSON(text)",
        "case" => "case(condition, value, …, default)",
        "hashfiles" => "hashFiles(pattern, …)",
        _ => return format!("write `{name}()`"),
    };
    format!("write `{form}`")
}

fn lower_first(text: &str) -> String {
    let mut characters = text.chars();
    characters
        .next()
        .map(|first| first.to_lowercase().chain(characters).collect())
        .unwrap_or_default()
}
