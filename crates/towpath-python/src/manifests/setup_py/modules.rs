//! What `setup.py` takes from elsewhere: files of the project, its other modules, and the few names of
//! the standard library that decide something.

use std::collections::BTreeMap;

use ruff_python_ast::{Alias, Expr};

use super::evaluate::Module;
use super::operators::LONGEST;
use super::value::Value;
use crate::files::read_optional;
use crate::{folder, python_source};

/// The deepest chain of modules.
const DEEPEST_MODULE: usize = 4;

impl<'a> Module<'a, '_> {
    /// Reads a file of the project and notes it.
    pub(super) fn read(&mut self, path: &str) -> Option<String> {
        let relative = folder::resolve("", path)?;
        let text = read_optional(self.files.tree, &self.files.path(&relative))
            .filter(|text| text.len() <= LONGEST)?;
        crate::requirement::append(&mut self.effects.read, [relative]);
        Some(text)
    }

    /// Returns the dotted name that an expression stands for, through imports: `os.path.join`.
    pub(super) fn dotted(&self, expression: &Expr) -> Option<String> {
        match expression {
            Expr::Name(name) => match self.names.get(name.id.as_str()) {
                Some(Value::Module(module)) => Some(module.clone()),
                Some(_) => None,
                None => Some(name.id.to_string()),
            },
            Expr::Attribute(attribute) => Some(format!(
                "{}.{}",
                self.dotted(&attribute.value)?,
                attribute.attr
            )),
            _ => None,
        }
    }

    pub(super) fn attribute(&mut self, expression: &'a Expr) -> Value {
        let Expr::Attribute(attribute) = expression else {
            return Value::Unknown;
        };
        if let Some(dotted) = self.dotted(expression) {
            return match dotted.as_str() {
                "sys.version_info" => Value::PythonVersion,
                "sys.version_info.major" => Value::Number(3),
                "sys.platform" => Value::Text("linux".to_owned()),
                "os.name" => Value::Text("posix".to_owned()),
                "os.sep" | "os.path.sep" => Value::Text("/".to_owned()),
                "os.environ" => Value::Table(Vec::new()),
                "sys.argv" => Value::List(vec![Value::Text("setup.py".to_owned())]),
                _ => self.module_attribute(&dotted),
            };
        }
        match (self.expression(&attribute.value), attribute.attr.as_str()) {
            (Value::PythonVersion, "major") => Value::Number(3),
            (Value::Text(path), "parent") => Value::Text(folder::parent(&path).to_owned()),
            (Value::Text(path), "name") => Value::Text(folder::file_name(&path).to_owned()),
            // What pip's `parse_requirements` yields.
            (Value::Text(text), "req" | "requirement") => Value::Text(text),
            _ => Value::Unknown,
        }
    }

    /// An attribute of a module of the project, such as `pkg.__version__`.
    fn module_attribute(&mut self, dotted: &str) -> Value {
        let Some((module, name)) = dotted.rsplit_once('.') else {
            return Value::Unknown;
        };
        match self.module_names(module, 0) {
            Some(names) => names.get(name).cloned().unwrap_or(Value::Unknown),
            None => Value::Module(dotted.to_owned()),
        }
    }

    pub(super) fn import_from(&mut self, module: &str, level: usize, aliases: &[Alias]) {
        let names = self.module_names(module, level);
        for alias in aliases {
            let imported = alias.name.to_string();
            let target = alias
                .asname
                .as_ref()
                .map_or_else(|| imported.clone(), ToString::to_string);
            let value = match &names {
                Some(names) if imported == "*" => {
                    let public = names.iter().filter(|(name, _)| !name.starts_with('_'));
                    self.names
                        .extend(public.map(|(name, value)| (name.clone(), value.clone())));
                    continue;
                }
                Some(names) => names
                    .get(&imported)
                    .cloned()
                    .unwrap_or_else(|| Value::Module(format!("{module}.{imported}"))),
                None => Value::Module(format!("{module}.{imported}")),
            };
            self.names.insert(target, value);
        }
    }

    /// Returns the names of a module of the project; `None` where it is no module of the project.
    fn module_names(&mut self, module: &str, level: usize) -> Option<BTreeMap<String, Value>> {
        let path = module.replace('.', "/");
        let bases: Vec<String> = if level == 0 {
            ["", "src", "lib"].map(str::to_owned).to_vec()
        } else {
            let mut base = folder::parent(&self.path);
            for _ in 1..level {
                base = folder::parent(base);
            }
            vec![base.to_owned()]
        };
        let candidates = bases.iter().map(|base| folder::join(base, &path));
        let file = candidates
            .flat_map(|path| [format!("{path}/__init__.py"), format!("{path}.py")])
            .find(|path| self.files.has(path) && *path != "setup.py")?;
        self.run_file(&file)
    }

    /// Reads another file of the project as a module and returns its names.
    pub(super) fn run_file(&mut self, path: &str) -> Option<BTreeMap<String, Value>> {
        if self.imports >= DEEPEST_MODULE {
            return None;
        }
        let text = self.read(path)?;
        let body = python_source::parse(&text)?;
        let mut module = Module::new(self.files, path, self.effects, self.imports + 1);
        module.names.insert(
            "__name__".to_owned(),
            Value::Text(path.trim_end_matches(".py").replace('/', ".")),
        );
        module.run(&body);
        Some(std::mem::take(&mut module.names))
    }
}
