//! The values that reading `setup.py` knows: texts, lists, tables, files; everything else is unknown.

/// A value.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Value {
    /// Anything that is not followed.
    Unknown,
    Nothing,
    Truth(bool),
    Number(i64),
    /// A string, or a path relative to the project.
    Text(String),
    /// A list, tuple or set.
    List(Vec<Value>),
    Table(Vec<(String, Value)>),
    /// An open file, by its path relative to the project.
    File(String),
    /// The groups of a match of a regular expression, the whole first.
    Groups(Vec<Option<String>>),
    /// A name of another module, with dots: `os.path.join`.
    Module(String),
    /// `sys.version_info`, or a part of it from the start.
    PythonVersion,
    /// A compiled regular expression.
    Pattern(String),
    /// What `find_packages` returns for a folder, without some patterns of names.
    FoundPackages {
        folder: String,
        exclude: Vec<String>,
    },
}

/// The heaviest value that is kept: a hostile file must not grow one without end.
const HEAVIEST: usize = 1 << 14;

impl Value {
    /// Returns the value, or unknown where it is too heavy to keep.
    pub(super) fn bounded(self) -> Self {
        if self.weight() > HEAVIEST {
            Self::Unknown
        } else {
            self
        }
    }

    /// Returns a measure of its size in memory: values and, by sixteen, bytes; counts no further than
    /// needed to tell that it is too heavy.
    fn weight(&self) -> usize {
        let sum = |items: &mut dyn Iterator<Item = &Self>| {
            let mut weight = 1;
            for item in items {
                weight += item.weight();
                if weight > HEAVIEST {
                    break;
                }
            }
            weight
        };
        match self {
            Self::Text(text) => 1 + text.len() / 16,
            Self::List(items) => sum(&mut items.iter()),
            Self::Table(entries) => {
                sum(&mut entries.iter().map(|(_, value)| value)) + entries.len()
            }
            _ => 1,
        }
    }

    /// Returns a list of values, or unknown where they are too heavy together; takes no more of them
    /// than can be kept.
    pub(super) fn list_of(items: impl Iterator<Item = Self>) -> Self {
        let (mut list, mut weight) = (Vec::new(), 0);
        for item in items {
            weight += item.weight();
            if weight > HEAVIEST {
                return Self::Unknown;
            }
            list.push(item);
        }
        Self::List(list)
    }

    pub(super) fn text(&self) -> Option<&str> {
        match self {
            Self::Text(text) => Some(text),
            _ => None,
        }
    }

    /// Returns the truth of a value; `None` where it is unknown.
    pub(super) fn truth(&self) -> Option<bool> {
        match self {
            Self::Truth(truth) => Some(*truth),
            Self::Nothing => Some(false),
            Self::Number(number) => Some(*number != 0),
            Self::Text(text) => Some(!text.is_empty()),
            Self::List(items) => Some(!items.is_empty()),
            Self::Table(entries) => Some(!entries.is_empty()),
            _ => None,
        }
    }

    /// Returns an entry of a table.
    pub(super) fn get(&self, key: &str) -> Option<&Self> {
        match self {
            Self::Table(entries) => entries
                .iter()
                .rev()
                .find(|(name, _)| name == key)
                .map(|(_, value)| value),
            _ => None,
        }
    }

    /// Sets an entry of a table; anything that is no table becomes unknown.
    pub(super) fn set(&mut self, key: &str, value: Self) {
        match self {
            Self::Table(entries) => match entries.iter_mut().find(|(name, _)| name == key) {
                Some((_, old)) => *old = value,
                None => entries.push((key.to_owned(), value)),
            },
            other => *other = Self::Unknown,
        }
    }

    /// Returns the strings in a list, or the lines of a text as setuptools takes them.
    pub(super) fn strings(&self) -> Vec<String> {
        let lines = |text: &str| {
            text.lines()
                .map(str::trim)
                .filter(|line| !line.is_empty() && !line.starts_with('#'))
                .map(str::to_owned)
                .collect::<Vec<_>>()
        };
        match self {
            Self::Text(text) => lines(text),
            Self::List(items) => items
                .iter()
                .flat_map(|item| item.text().map(lines).unwrap_or_default())
                .collect(),
            _ => Vec::new(),
        }
    }
}
