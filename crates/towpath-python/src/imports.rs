//! Which third-party modules a set of files imports when it is imported: statements at module level,
//! outside of conditions and of `try` that catches the failure. Imports nothing.

use std::collections::BTreeSet;

use ruff_python_ast::{ExceptHandler, Expr, Stmt};
use towpath_host::Tree;

use crate::files::{files_below, read_optional};
use crate::folder;
use crate::python_source;
use crate::stdlib;

/// Returns the top-level modules that the Python files of these files and folders need and that are
/// neither the standard library's nor files of the repository beside them.
pub fn third_party_imports(tree: &Tree, paths: &[String]) -> BTreeSet<String> {
    let mut files = BTreeSet::new();
    for path in paths {
        if tree.contains(path) {
            files.insert(path.as_str());
        }
        files.extend(files_below(tree, path).filter(|file| {
            folder::has_suffix(file, "py") && !crate::scope::is_other_data(folder::parent(file))
        }));
    }
    let own = own_modules(tree);
    let imported = python_source::with_large_stack(|| {
        let mut imported = BTreeSet::new();
        for file in files {
            let text = read_optional(tree, file).unwrap_or_default();
            if text.contains("import") {
                collect(
                    &python_source::parse(&text).unwrap_or_default(),
                    &mut imported,
                );
            }
        }
        imported
    });
    let imported = imported.unwrap_or_default().into_iter();
    imported
        .filter(|module| !stdlib::is_standard_module(module) && !own.contains(module.as_str()))
        .collect()
}

/// Names of all modules and packages of the repository, wherever they lie: a test folder, `src`, the
/// root may each be on `sys.path`.
fn own_modules(tree: &Tree) -> BTreeSet<&str> {
    let mut names = BTreeSet::new();
    for path in tree.files().keys().filter(|path| {
        folder::has_suffix(path, "py")
            || folder::has_suffix(path, "pyx")
            || folder::has_suffix(path, "pyi")
    }) {
        let stem = folder::file_name(path)
            .split('.')
            .next()
            .unwrap_or_default();
        names.insert(stem);
        names.extend(
            folder::parent(path)
                .split('/')
                .filter(|part| !part.is_empty()),
        );
    }
    names
}

fn collect(body: &[Stmt], imported: &mut BTreeSet<String>) {
    for statement in body {
        match statement {
            Stmt::Import(import) => {
                imported.extend(import.names.iter().map(|alias| top(alias.name.as_str())));
            }
            Stmt::ImportFrom(import) if import.level == 0 => {
                imported.extend(import.module.as_ref().map(|module| top(module.as_str())));
            }
            Stmt::Try(attempt) if !catches_import_error(&attempt.handlers) => {
                collect(&attempt.body, imported);
            }
            Stmt::With(with) if !is_suppressing(with) => collect(&with.body, imported),
            Stmt::ClassDef(class) => collect(&class.body, imported),
            _ => {}
        }
    }
}

fn top(module: &str) -> String {
    module.split('.').next().unwrap_or_default().to_owned()
}

fn catches_import_error(handlers: &[ExceptHandler]) -> bool {
    let names = [
        "ImportError",
        "ModuleNotFoundError",
        "Exception",
        "BaseException",
    ];
    handlers.iter().any(|handler| {
        let ExceptHandler::ExceptHandler(handler) = handler;
        match handler.type_.as_deref() {
            None => true,
            Some(Expr::Name(name)) => names.contains(&name.id.as_str()),
            Some(Expr::Tuple(tuple)) => tuple
                .elts
                .iter()
                .any(|one| matches!(one, Expr::Name(name) if names.contains(&name.id.as_str()))),
            Some(_) => false,
        }
    })
}

fn is_suppressing(with: &ruff_python_ast::StmtWith) -> bool {
    with.items.iter().any(|item| match &item.context_expr {
        Expr::Call(call) => match call.func.as_ref() {
            Expr::Name(name) => matches!(name.id.as_str(), "suppress" | "raises"),
            Expr::Attribute(attribute) => matches!(attribute.attr.as_str(), "suppress" | "raises"),
            _ => false,
        },
        _ => false,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn takes_what_import_needs() {
        for (text, expected) in [
            ("import pytest, os.path\n", "os pytest"),
            ("from hypothesis.strategies import text\n", "hypothesis"),
            ("from . import x\nfrom .y import z\n", ""),
            (
                "try:\n    import numpy\nexcept ImportError:\n    numpy = None\n",
                "",
            ),
            ("try:\n    import numpy\nfinally:\n    pass\n", "numpy"),
            (
                "from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    import attrs\n",
                "typing",
            ),
            ("def test():\n    import yaml\n", ""),
            (
                "import sys\nif sys.platform == 'win32':\n    import winapi\n",
                "sys",
            ),
            ("with suppress(ImportError):\n    import a\n", ""),
        ] {
            let mut imported = BTreeSet::new();
            collect(
                &python_source::parse(text).unwrap_or_default(),
                &mut imported,
            );
            assert_eq!(
                imported.into_iter().collect::<Vec<_>>().join(" "),
                expected,
                "{text}"
            );
        }
    }
}
