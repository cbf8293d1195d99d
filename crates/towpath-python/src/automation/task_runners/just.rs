//! `just` files: recipes, their dependencies and plain variables. Recipes in other languages
//! (`#!/usr/bin/env python`) are passed over.

use std::collections::BTreeMap;
use std::rc::Rc;

use crate::automation::model::AutomationKind;
use crate::automation::options;
use crate::automation::paths;
use crate::automation::shell::Shell;
use crate::automation::walk::{Scene, TaskRunner, Text, Walker};

/// A `just` file.
#[derive(Debug, Default)]
struct Justfile {
    path: String,
    recipes: Vec<Recipe>,
    variables: BTreeMap<String, String>,
}

#[derive(Debug, Clone, Default)]
struct Recipe {
    name: String,
    /// Parameters with their defaults.
    parameters: Vec<(String, String)>,
    dependencies: Vec<String>,
    lines: Vec<(String, u32)>,
}

const NAMES: [&str; 3] = ["justfile", "Justfile", ".justfile"];

impl Justfile {
    fn parse(path: &str, text: &str) -> Self {
        let mut file = Self {
            path: path.to_owned(),
            ..Self::default()
        };
        for (number, line) in (1..).zip(text.lines()) {
            let trimmed = line.trim();
            if trimmed.is_empty() || (trimmed.starts_with('#') && !trimmed.starts_with("#!")) {
                continue;
            }
            if line.starts_with([' ', '\t']) {
                if let Some(recipe) = file.recipes.last_mut() {
                    recipe.lines.push((trimmed.to_owned(), number));
                }
            } else if let Some((name, value)) = trimmed.split_once(":=") {
                let name = name.trim_start_matches("export ").trim();
                file.variables.insert(
                    name.to_owned(),
                    value.trim().trim_matches(['"', '\'']).to_owned(),
                );
            } else if !trimmed.starts_with(['[', '}'])
                && !trimmed.starts_with("set ")
                && !trimmed.starts_with("alias ")
            {
                file.recipes.extend(heading(trimmed));
            }
        }
        file
    }

    fn expand(&self, text: &str, recipe: &Recipe) -> String {
        let mut text = text.to_owned();
        let named = self
            .variables
            .iter()
            .chain(recipe.parameters.iter().map(|(name, value)| (name, value)));
        for (name, value) in named {
            for form in [format!("{{{{ {name} }}}}"), format!("{{{{{name}}}}}")] {
                text = text.replace(&form, value);
            }
        }
        text
    }
}

/// Reads `name parameter='default' *rest: dependency (other "x")`.
fn heading(line: &str) -> Option<Recipe> {
    let (head, dependencies) = line.split_once(':')?;
    let mut words = head.split_whitespace();
    let name = words.next()?.trim_start_matches('@').to_owned();
    let parameters = words
        .map(|word| {
            let word = word.trim_start_matches(['*', '+', '$']);
            let (name, default) = word.split_once('=').unwrap_or((word, ""));
            (
                name.to_owned(),
                default.trim_matches(['"', '\'']).to_owned(),
            )
        })
        .collect();
    let dependencies = dependencies
        .split_whitespace()
        .map(|word| word.trim_matches(['(', ')']).to_owned())
        .filter(|word| !word.is_empty() && !word.starts_with(['"', '\'', '&', '#']))
        .collect();
    Some(Recipe {
        name,
        parameters,
        dependencies,
        lines: Vec::new(),
    })
}

/// just.
pub(super) struct Runner;

impl TaskRunner for Runner {
    fn programs(&self) -> &'static [&'static str] {
        &["just"]
    }

    fn read(&self, walker: &mut Walker<'_>, folder: &str) {
        walker.read_just(folder);
    }

    fn follow(&self, walker: &mut Walker<'_>, _program: &str, arguments: &[String], scene: &Scene) {
        walker.follow_just(arguments, scene);
    }
}

impl Walker<'_> {
    /// Reads the recipes of a folder that nothing need call.
    fn read_just(&mut self, folder: &str) {
        let Some(file) = self.justfile_in(folder) else {
            return;
        };
        self.source("just", &file.path);
        for recipe in &file.recipes {
            let mut scene = self.root_scene(AutomationKind::Make, &file.path);
            folder.clone_into(&mut scene.folder);
            self.recipe(&file, &recipe.name, &[], &scene);
        }
    }

    /// Follows `just …`: the first word is a recipe, what follows its parameters are further recipes.
    fn follow_just(&mut self, arguments: &[String], scene: &Scene) {
        let read = options::all(
            arguments,
            &["-f", "--justfile", "-d", "--working-directory"],
        );
        let found = match read.value(&["-f", "--justfile"]) {
            Some(path) => self.justfile_at(&paths::join(&scene.folder, path)),
            None => paths::upwards(&scene.folder)
                .iter()
                .find_map(|folder| self.justfile_in(folder)),
        };
        let Some(file) = found else {
            self.unreadable(scene, "`just` is called, but no justfile is here");
            return;
        };
        self.source("just", &file.path);
        let mut inner = scene.clone();
        paths::parent(&file.path).clone_into(&mut inner.folder);
        let mut words = read.operands.as_slice();
        if words.is_empty() {
            let first = file
                .recipes
                .first()
                .map(|recipe| recipe.name.clone())
                .unwrap_or_default();
            self.recipe(&file, &first, &[], &inner);
        }
        while let Some((name, rest)) = words.split_first() {
            let count = file
                .recipes
                .iter()
                .find(|recipe| recipe.name == *name)
                .map_or(0, |recipe| recipe.parameters.len());
            let (own, next) = rest.split_at_checked(count).unwrap_or((rest, &[]));
            self.recipe(&file, name, own, &inner);
            words = next;
        }
    }

    fn recipe(&mut self, file: &Rc<Justfile>, name: &str, arguments: &[String], scene: &Scene) {
        let Some(mut recipe) = file
            .recipes
            .iter()
            .find(|recipe| recipe.name == name)
            .cloned()
        else {
            return;
        };
        if !self.enter(format!("just {} {name}", file.path), scene) {
            return;
        }
        for (parameter, argument) in recipe.parameters.iter_mut().zip(arguments) {
            parameter.1.clone_from(argument);
        }
        for dependency in &recipe.dependencies {
            self.recipe(file, dependency, &[], scene);
        }
        let inner = scene.inside(
            AutomationKind::Make,
            &file.path,
            format!("just recipe `{name}`"),
        );
        let shebang = recipe
            .lines
            .first()
            .filter(|(text, _)| text.starts_with("#!"));
        match shebang.cloned() {
            Some((first, line)) if first.contains("sh") => {
                let texts: Vec<String> = recipe
                    .lines
                    .iter()
                    .map(|(text, _)| file.expand(text, &recipe))
                    .collect();
                let shell = Shell {
                    errexit: false,
                    pipefail: false,
                    variables: BTreeMap::new(),
                };
                self.script(
                    Text {
                        script: &texts.join("\n"),
                        line,
                        keeps_lines: true,
                    },
                    &shell,
                    &inner,
                );
            }
            Some(_) => {}
            None => self.plain_recipe(file, &recipe, &inner),
        }
        self.leave();
    }

    fn plain_recipe(&mut self, file: &Rc<Justfile>, recipe: &Recipe, scene: &Scene) {
        let mut pending: Option<(String, u32)> = None;
        for (text, line) in &recipe.lines {
            let (mut whole, first) = pending.take().unwrap_or((String::new(), *line));
            whole.push_str(text.strip_suffix('\\').unwrap_or(text));
            if text.ends_with('\\') {
                pending = Some((whole, first));
                continue;
            }
            let whole = file.expand(&whole, recipe);
            let command = whole.trim_start_matches(['@', '-']);
            let prefix = whole.get(..whole.len() - command.len()).unwrap_or_default();
            let mut at = scene.at_line(first);
            at.can_fail &= !prefix.contains('-');
            self.recipe_line(command, &at);
        }
    }

    fn justfile_in(&mut self, folder: &str) -> Option<Rc<Justfile>> {
        NAMES
            .iter()
            .find_map(|name| self.justfile_at(&paths::join(folder, name)))
    }

    fn justfile_at(&mut self, path: &str) -> Option<Rc<Justfile>> {
        self.once(path, |walker| {
            Some(Justfile::parse(path, &walker.read(path)?))
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_recipes() {
        let text = "src := \"src\"\n# lint\nlint *args='-q': setup\n  @ruff check {{src}} {{ args }}\n\n[private]\nsetup:\n\tuv sync\n";
        let file = Justfile::parse("justfile", text);
        let names: Vec<&str> = file
            .recipes
            .iter()
            .map(|recipe| recipe.name.as_str())
            .collect();
        assert_eq!(names, ["lint", "setup"]);
        let lint = &file.recipes[0];
        assert_eq!(lint.dependencies, ["setup"]);
        assert_eq!(file.expand(&lint.lines[0].0, lint), "@ruff check src -q");
    }
}
