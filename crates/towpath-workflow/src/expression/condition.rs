//! `if`: an expression with or without `${{ }}`, to which `success()` is added unless it asks how
//! things stand itself.

use super::error::Error;
use super::evaluator::Scope;
use super::parser::Names;
use super::template::Template;
use super::tree::{Expression, Function};

/// A parsed `if`.
#[derive(Debug, Clone)]
pub struct Condition {
    test: Test,
    asks_status: bool,
}

#[derive(Debug, Clone)]
enum Test {
    Nothing,
    Expression(Expression),
    /// Text around an expression: text is always true, as GitHub has it.
    Template(Template),
}

impl Condition {
    /// Parses the text of an `if`; nothing at all is `success()`. Errors have their bytes in `text`.
    pub fn parse(text: &str, names: &Names<'_>) -> Result<Self, Vec<Error>> {
        let trimmed = text.trim();
        let offset = text.len() - text.trim_start().len();
        let move_all = |errors: Vec<Error>| {
            errors
                .into_iter()
                .map(|error| error.moved_by(offset))
                .collect::<Vec<_>>()
        };
        let test = if trimmed.is_empty() {
            Test::Nothing
        } else if trimmed.contains("${{") {
            // White space around the braces is text too, as the line end of a block of lines is.
            Test::Template(Template::parse(text, names)?)
        } else {
            Test::Expression(
                Expression::parse(trimmed, names).map_err(|error| move_all(vec![error]))?,
            )
        };
        let asks_status = match &test {
            Test::Nothing => false,
            Test::Expression(expression) => expression.calls(&Function::STATUS),
            Test::Template(template) => template
                .expressions()
                .any(|part| part.calls(&Function::STATUS)),
        };
        Ok(Self { test, asks_status })
    }

    /// Tells whether the condition is text around an expression, and so holds whatever it says.
    pub fn is_text(&self) -> bool {
        matches!(&self.test, Test::Template(template) if !template.is_lone_expression())
    }

    /// Tells whether `success()` is not added, because the condition asks how things stand itself.
    pub fn asks_status(&self) -> bool {
        self.asks_status
    }

    /// Returns what is wrong with the texts of `format` that are written out.
    pub(crate) fn wrong_formats(&self) -> Vec<String> {
        match &self.test {
            Test::Nothing => Vec::new(),
            Test::Expression(expression) => expression.wrong_formats(),
            Test::Template(template) => template
                .expressions()
                .flat_map(Expression::wrong_formats)
                .collect(),
        }
    }

    /// Tells whether the condition holds.
    pub fn evaluate(&self, scope: &Scope<'_>) -> Result<bool, Error> {
        if !self.asks_status
            && !(scope.call)(Function::Success, &[])
                .map_err(Error::evaluation)?
                .is_truthy()
        {
            return Ok(false);
        }
        match &self.test {
            Test::Nothing => return Ok(true),
            Test::Expression(expression) => expression.evaluate(scope),
            Test::Template(template) => template.evaluate(scope),
        }
        .map(|value| value.is_truthy())
    }
}
