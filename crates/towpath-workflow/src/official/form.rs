//! The forms that values of a workflow file take, as the table of them is written down.

use crate::legal::Legal;

/// What a value may be, and what its expressions may use.
pub(super) struct Definition {
    /// What expressions may use from here on; none leaves what the surroundings may use.
    pub(super) legal: Option<&'static Legal>,
    pub(super) form: Form,
}

pub(super) enum Form {
    Null,
    Boolean,
    Number,
    Text(Words),
    Sequence(Box<Definition>),
    Mapping(Mapping),
    OneOf(Vec<Definition>),
    /// A form that holds itself.
    Again(fn() -> &'static Definition),
}

#[derive(Clone, Copy)]
pub(super) enum Words {
    Any,
    NotEmpty,
    Exactly(&'static str),
}

pub(super) struct Mapping {
    pub(super) properties: Vec<Property>,
    /// What values of all other keys are; none where there may be no others.
    pub(super) others: Option<Box<Definition>>,
    /// Whether a key may be empty.
    pub(super) takes_empty_key: bool,
}

pub(super) struct Property {
    pub(super) name: &'static str,
    pub(super) definition: Definition,
    pub(super) is_required: bool,
}

impl Definition {
    const fn of(form: Form) -> Self {
        Self { legal: None, form }
    }

    pub(super) const fn using(mut self, legal: &'static Legal) -> Self {
        self.legal = Some(legal);
        self
    }

    /// Returns the definition itself where it stands for another.
    pub(super) fn resolved(&self) -> &Self {
        match self.form {
            Form::Again(definition) => definition().resolved(),
            _ => self,
        }
    }

    /// Returns every scalar that the value may be, through all alternatives.
    pub(super) fn scalars(&self) -> Vec<&Form> {
        match &self.resolved().form {
            Form::Sequence(_) | Form::Mapping(_) | Form::Again(_) => Vec::new(),
            Form::OneOf(forms) => forms.iter().flat_map(Self::scalars).collect(),
            scalar => vec![scalar],
        }
    }

    /// Returns what the items may be, if the value may be a sequence.
    pub(super) fn items(&self) -> Option<&Self> {
        match &self.resolved().form {
            Form::Sequence(items) => Some(items),
            Form::OneOf(forms) => forms.iter().find_map(Self::items),
            _ => None,
        }
    }

    /// Returns every mapping that the value may be.
    pub(super) fn mappings(&self) -> Vec<&Mapping> {
        match &self.resolved().form {
            Form::Mapping(mapping) => vec![mapping],
            Form::OneOf(forms) => forms.iter().flat_map(Self::mappings).collect(),
            _ => Vec::new(),
        }
    }
}

impl Mapping {
    pub(super) fn property(&self, name: &str) -> Option<&Property> {
        self.properties
            .iter()
            .find(|property| property.name == name)
    }
}

pub(super) const fn null() -> Definition {
    Definition::of(Form::Null)
}

pub(super) const fn boolean() -> Definition {
    Definition::of(Form::Boolean)
}

pub(super) const fn number() -> Definition {
    Definition::of(Form::Number)
}

pub(super) const fn text() -> Definition {
    Definition::of(Form::Text(Words::Any))
}

pub(super) const fn some_text() -> Definition {
    Definition::of(Form::Text(Words::NotEmpty))
}

pub(super) fn words(words: &[&'static str]) -> Definition {
    let exactly = |word: &&'static str| Definition::of(Form::Text(Words::Exactly(word)));
    one_of(words.iter().map(exactly))
}

pub(super) fn sequence(items: Definition) -> Definition {
    Definition::of(Form::Sequence(Box::new(items)))
}

/// A text that is not empty, or a list of such.
pub(super) fn texts() -> Definition {
    one_of([some_text(), sequence(some_text())])
}

pub(super) fn scalar() -> Definition {
    one_of([text(), boolean(), number()])
}

pub(super) fn one_of(forms: impl IntoIterator<Item = Definition>) -> Definition {
    Definition::of(Form::OneOf(forms.into_iter().collect()))
}

pub(super) fn mapping<const N: usize>(entries: [(&'static str, Definition); N]) -> Definition {
    properties(entries)
}

pub(super) fn properties(
    entries: impl IntoIterator<Item = (&'static str, Definition)>,
) -> Definition {
    let property = |(name, definition)| Property {
        name,
        definition,
        is_required: false,
    };
    Definition::of(Form::Mapping(Mapping {
        properties: entries.into_iter().map(property).collect(),
        others: None,
        takes_empty_key: false,
    }))
}

/// A mapping of free names.
pub(super) fn names(values: Definition) -> Definition {
    Definition::of(Form::Mapping(Mapping {
        properties: Vec::new(),
        others: Some(Box::new(values)),
        takes_empty_key: false,
    }))
}

/// A mapping of which nothing is asked.
pub(super) fn anything_named(values: Definition) -> Definition {
    Definition::of(Form::Mapping(Mapping {
        properties: Vec::new(),
        others: Some(Box::new(values)),
        takes_empty_key: true,
    }))
}

pub(super) const fn again(definition: fn() -> &'static Definition) -> Definition {
    Definition::of(Form::Again(definition))
}

impl Definition {
    /// Returns a mapping in which these keys must stand.
    pub(super) fn requiring(mut self, names: &[&str]) -> Self {
        if let Form::Mapping(mapping) = &mut self.form {
            for property in &mut mapping.properties {
                property.is_required |= names.contains(&property.name);
            }
        }
        self
    }

    /// Returns a mapping that may have other keys too.
    pub(super) fn with_others(mut self, values: Self) -> Self {
        if let Form::Mapping(mapping) = &mut self.form {
            mapping.others = Some(Box::new(values));
        }
        self
    }
}
