//! Evaluates the texts of a workflow at one place of it: contexts and functions are handed in, mistakes
//! come back with the place of the text.

use std::cell::LazyCell;
use std::collections::BTreeMap;

use towpath_report::Problem;
use towpath_workflow::expression::{
    Call, Condition, Error, Expression, Function, Names, Object, Scope, Template, Value,
};
use towpath_workflow::syntax::{Argument, Dynamic, RunsOn, Text, Variables};

/// What expressions at one place are evaluated with. The contexts are made when the first one asks for them,
/// since most texts hold none.
pub(crate) struct Values<'a> {
    contexts: LazyCell<Object, Box<dyn FnOnce() -> Object + 'a>>,
    call: Box<Call<'a>>,
}

impl<'a> Values<'a> {
    /// Returns values for places where no function is handed in.
    pub(crate) fn of(contexts: Object) -> Self {
        Self::made_by(move || contexts)
    }

    /// Returns values for such places, with contexts that are made when they are asked for.
    pub(crate) fn made_by(contexts: impl FnOnce() -> Object + 'a) -> Self {
        Self::with(contexts, |function, _| {
            Err(format!("`{}()` cannot be used here", function.name()))
        })
    }

    /// Returns values with functions.
    pub(crate) fn with(
        contexts: impl FnOnce() -> Object + 'a,
        call: impl Fn(Function, &[Value]) -> Result<Value, String> + 'a,
    ) -> Self {
        Self {
            contexts: LazyCell::new(Box::new(contexts)),
            call: Box::new(call),
        }
    }

    /// Returns the values as the language takes them.
    pub(crate) fn scope(&self) -> Scope<'_> {
        Scope {
            contexts: &self.contexts,
            call: &*self.call,
        }
    }

    /// Returns the value of a text: that of its expression if it is alone, else text.
    pub(crate) fn value(&self, text: &Text) -> Result<Value, Problem> {
        if !text.has_expression() {
            return Ok(Value::from(text.source.as_str()));
        }
        let template = Template::parse(&text.source, &Names::ALL)
            .map_err(|errors| failed(text, errors.into_iter().next()))?;
        template
            .evaluate(&self.scope())
            .map_err(|error| failed(text, Some(error)))
    }

    /// Returns a text with its expressions filled in.
    pub(crate) fn text(&self, text: &Text) -> Result<String, Problem> {
        if !text.has_expression() {
            return Ok(text.source.clone());
        }
        self.value(text).map(|value| value.to_text())
    }

    /// Tells whether a condition holds; none is `success()`.
    pub(crate) fn condition(&self, condition: Option<&Text>) -> Result<bool, Problem> {
        let Some(text) = condition else {
            let success = (self.call)(Function::Success, &[]);
            return success
                .map(|value| value.is_truthy())
                .map_err(Problem::error);
        };
        let condition = Condition::parse(&text.source, &Names::ALL)
            .map_err(|errors| failed(text, errors.into_iter().next()))?;
        condition
            .evaluate(&self.scope())
            .map_err(|error| failed(text, Some(error)))
    }

    /// Returns the labels of a runner; an expression may give one, several, or a group with labels.
    pub(crate) fn labels(&self, runs_on: &RunsOn) -> Result<Vec<String>, Problem> {
        let mut labels = Vec::new();
        for label in &runs_on.labels {
            let value = match self.value(label)? {
                Value::Object(group) => match group.get("labels") {
                    Some(labels) => labels.clone(),
                    None => continue,
                },
                value => value,
            };
            match value.as_array() {
                Some(several) => labels.extend(several.iter().map(Value::to_text)),
                None => labels.push(value.to_text()),
            }
        }
        Ok(labels)
    }

    /// Returns `true` or `false`.
    pub(crate) fn boolean(&self, value: &Dynamic<bool>) -> Result<bool, Problem> {
        match value {
            Dynamic::Value(value) => Ok(*value),
            Dynamic::Expression(text) => match self.value(text)? {
                Value::Boolean(value) => Ok(value),
                other => Err(unexpected(text, &other, "`true` or `false`")),
            },
        }
    }

    /// Returns a number.
    pub(crate) fn number(&self, value: &Dynamic<f64>) -> Result<f64, Problem> {
        match value {
            Dynamic::Value(value) => Ok(*value),
            Dynamic::Expression(text) => {
                let value = self.value(text)?;
                let number = value.to_number();
                if number.is_nan() {
                    return Err(unexpected(text, &value, "a number"));
                }
                Ok(number)
            }
        }
    }

    /// Returns names with their texts, such as `env` and `with`.
    pub(crate) fn variables(
        &self,
        variables: &Variables,
    ) -> Result<BTreeMap<String, String>, Problem> {
        match variables {
            Dynamic::Value(entries) => entries
                .iter()
                .map(|(name, text)| Ok((name.clone(), self.text(text)?)))
                .collect(),
            Dynamic::Expression(text) => match self.value(text)? {
                Value::Null => Ok(BTreeMap::new()),
                Value::Object(object) => Ok(object
                    .0
                    .iter()
                    .map(|(name, value)| (name.clone(), value.to_text()))
                    .collect()),
                other => Err(unexpected(text, &other, "names with values")),
            },
        }
    }

    /// Returns values by name that keep their kind, as they are handed to a called workflow.
    pub(crate) fn arguments(
        &self,
        arguments: &BTreeMap<String, Argument>,
    ) -> Result<Vec<(String, Value)>, Problem> {
        let value = |argument: &Argument| match argument {
            Argument::Boolean(value) => Ok(Value::from(*value)),
            Argument::Number(value) => Ok(Value::from(*value)),
            Argument::Text(text) => self.value(text),
        };
        arguments
            .iter()
            .map(|(name, argument)| Ok((name.clone(), value(argument)?)))
            .collect()
    }
}

/// Tells whether a text reads one of these contexts, or cannot be told from one that does.
pub(crate) fn reads_any(text: &Text, contexts: &[&str]) -> bool {
    if !text.has_expression() {
        return false;
    }
    Template::parse(&text.source, &Names::ALL).map_or(true, |template| {
        template.expressions().any(|expression: &Expression| {
            expression.paths().iter().any(|path| {
                let context = path.first().copied().unwrap_or_default();
                contexts
                    .iter()
                    .any(|name| name.eq_ignore_ascii_case(context))
            })
        })
    })
}

fn failed(text: &Text, error: Option<Error>) -> Problem {
    let reason = error.map_or_else(String::new, |error| error.message);
    placed(
        text,
        format!("`{}` has no value: {reason}", text.source.trim()),
    )
}

fn unexpected(text: &Text, value: &Value, wanted: &str) -> Problem {
    // The value itself may be a secret.
    let message = format!(
        "`{}` gives a value of kind {}, where {wanted} must stand",
        text.source.trim(),
        value.kind()
    );
    placed(text, message)
}

fn placed(text: &Text, message: String) -> Problem {
    let mut problem = Problem::error(message);
    problem.place.clone_from(&text.origin.0);
    problem
}
