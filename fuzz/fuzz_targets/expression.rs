//! No text stops the parser or the evaluator of expressions.

#![no_main]

use libfuzzer_sys::fuzz_target;
use towpath_workflow::expression::{
    Condition, Expression, Function, Names, Object, Scope, Template, Value,
};

fuzz_target!(|text: &str| {
    let contexts = Object(vec![
        ("a".to_owned(), Value::from(vec![Value::from("b"), Value::Null])),
        ("c".to_owned(), Value::from(Object(vec![("d".to_owned(), Value::from(1.5))]))),
    ]);
    let names = Names {
        contexts: &["a", "c"],
        functions: &Function::STATUS,
        status_takes_jobs: true,
    };
    let scope = Scope {
        contexts: &contexts,
        call: &|_, _| Ok(Value::from(true)),
    };
    if let Ok(expression) = Expression::parse(text, &names) {
        let _ = expression.evaluate(&scope);
        let _ = expression.paths();
    }
    if let Ok(template) = Template::parse(text, &names) {
        let _ = template.evaluate(&scope);
    }
    if let Ok(condition) = Condition::parse(text, &names) {
        let _ = condition.evaluate(&scope);
    }
});
