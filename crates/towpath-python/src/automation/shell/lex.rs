//! Words and operators of shell text. Knows quoting, comments, continuation and here-documents;
//! does not know the grammar.

/// A piece of a word.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Part {
    /// Text as it stands.
    Text(String),
    /// `$NAME`, `${NAME}` or `${NAME:-default}`.
    Variable {
        name: String,
        default: Option<String>,
        source: String,
    },
    /// The text inside `$(…)` or backquotes.
    Substitution(String),
}

/// A piece and whether quotes keep it whole.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Piece {
    pub(super) part: Part,
    pub(super) quoted: bool,
}

/// One word before expansion.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(super) struct Word(pub(super) Vec<Piece>);

impl Word {
    /// Returns the word without quotes and with its variables as they are written.
    pub(super) fn source(&self) -> String {
        self.0
            .iter()
            .map(|piece| match &piece.part {
                Part::Text(text) => text.clone(),
                Part::Variable { source, .. } => source.clone(),
                Part::Substitution(text) => format!("$({text})"),
            })
            .collect()
    }

    /// Returns the word if it is plain unquoted text, as reserved words are.
    pub(super) fn plain(&self) -> Option<&str> {
        match self.0.as_slice() {
            [
                Piece {
                    part: Part::Text(text),
                    quoted: false,
                },
            ] => Some(text),
            _ => None,
        }
    }

    fn push(&mut self, part: Part, quoted: bool) {
        if let (
            Part::Text(text),
            Some(Piece {
                part: Part::Text(last),
                quoted: same,
            }),
        ) = (&part, self.0.last_mut())
            && *same == quoted
        {
            last.push_str(text);
            return;
        }
        self.0.push(Piece { part, quoted });
    }
}

/// What a token is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Kind {
    /// A word.
    Word(Word),
    /// `&&`, `||`, `;`, `;;`, `|`, `&`, `(`, `)`, a redirection (`<`, `>`) or a line end.
    Operator(&'static str),
}

/// A token and its line, from 0.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Token {
    pub(super) kind: Kind,
    pub(super) line: u32,
}

/// Reads all tokens. Never fails: what is not closed ends with the text.
pub(super) fn tokens(text: &str) -> Vec<Token> {
    let mut lexer = Lexer {
        rest: text,
        line: 0,
        word: None,
        word_line: 0,
        tokens: Vec::new(),
        here_documents: Vec::new(),
        wants_delimiter: false,
    };
    while lexer.step() {}
    lexer.end_word();
    lexer.tokens
}

struct Lexer<'a> {
    rest: &'a str,
    line: u32,
    word: Option<Word>,
    word_line: u32,
    tokens: Vec<Token>,
    here_documents: Vec<String>,
    wants_delimiter: bool,
}

const OPERATORS: [(&str, &str); 16] = [
    ("&&", "&&"),
    ("||", "||"),
    (";;", ";;"),
    ("&>>", ">"),
    ("&>", ">"),
    ("|&", "|"),
    (">>", ">"),
    (">&", ">"),
    (">|", ">"),
    ("<&", "<"),
    (";", ";"),
    ("|", "|"),
    ("&", "&"),
    ("(", "("),
    (")", ")"),
    ("<", "<"),
];

impl<'a> Lexer<'a> {
    fn step(&mut self) -> bool {
        let Some(c) = self.rest.chars().next() else {
            return false;
        };
        match c {
            '\n' => self.line_end(),
            '\r' if self.rest.starts_with("\r\n") => self.skip(1),
            '\\' if self.rest.starts_with("\\\r\n") => self.skip(3),
            '\\' if self.rest.starts_with("\\\n") => self.skip(2),
            '\\' => self.escaped(),
            ' ' | '\t' => {
                self.end_word();
                self.take(1);
            }
            '#' if self.word.is_none() => {
                self.take(self.rest.find('\n').unwrap_or(self.rest.len()));
            }
            '\'' => self.single_quoted(),
            '"' => self.double_quoted(),
            '$' | '`' => {
                let part = self.dollar();
                self.push(part, false);
            }
            _ => self.operator_or_text(c),
        }
        true
    }

    fn take(&mut self, bytes: usize) -> &'a str {
        let (taken, rest) = self.rest.split_at_checked(bytes).unwrap_or((self.rest, ""));
        self.line += taken.matches('\n').count() as u32;
        self.rest = rest;
        taken
    }

    fn skip(&mut self, bytes: usize) {
        self.take(bytes);
    }

    fn push(&mut self, part: Part, quoted: bool) {
        if self.word.is_none() {
            self.word_line = self.line;
        }
        self.word.get_or_insert_default().push(part, quoted);
    }

    fn end_word(&mut self) {
        let Some(word) = self.word.take() else { return };
        if std::mem::take(&mut self.wants_delimiter) {
            self.here_documents.push(word.source());
            return;
        }
        self.tokens.push(Token {
            kind: Kind::Word(word),
            line: self.word_line,
        });
    }

    fn operator(&mut self, operator: &'static str) {
        self.end_word();
        self.tokens.push(Token {
            kind: Kind::Operator(operator),
            line: self.line,
        });
    }

    fn line_end(&mut self) {
        self.operator("\n");
        self.take(1);
        for delimiter in std::mem::take(&mut self.here_documents) {
            self.skip_here_document(&delimiter);
        }
    }

    fn skip_here_document(&mut self, delimiter: &str) {
        while !self.rest.is_empty() {
            let end = self.rest.find('\n').map_or(self.rest.len(), |at| at + 1);
            if self.take(end).trim() == delimiter {
                return;
            }
        }
    }

    fn escaped(&mut self) {
        self.take(1);
        if let Some(c) = self.rest.chars().next() {
            let text = self.take(c.len_utf8()).to_owned();
            self.push(Part::Text(text), true);
        }
    }

    fn single_quoted(&mut self) {
        self.push(Part::Text(String::new()), true);
        self.take(1);
        let end = self.rest.find('\'').unwrap_or(self.rest.len());
        let text = self.take(end).to_owned();
        self.push(Part::Text(text), true);
        self.take(1);
    }

    fn double_quoted(&mut self) {
        self.push(Part::Text(String::new()), true);
        self.take(1);
        while let Some(c) = self.rest.chars().next() {
            match c {
                '"' => {
                    self.take(1);
                    return;
                }
                '\\' => self.escaped_in_quotes(),
                '$' | '`' => {
                    let part = self.dollar();
                    self.push(part, true);
                }
                _ => {
                    let text = self.take(c.len_utf8()).to_owned();
                    self.push(Part::Text(text), true);
                }
            }
        }
    }

    fn escaped_in_quotes(&mut self) {
        self.take(1);
        let Some(c) = self.rest.chars().next() else {
            return;
        };
        let text = self.take(c.len_utf8()).to_owned();
        match c {
            '\n' => {}
            '"' | '\\' | '$' | '`' => self.push(Part::Text(text), true),
            _ => self.push(Part::Text(format!("\\{text}")), true),
        }
    }

    /// Reads what starts with `$` or a backquote.
    fn dollar(&mut self) -> Part {
        if self.rest.starts_with("${{") {
            let end = self.rest.find("}}").map_or(self.rest.len(), |at| at + 2);
            return Part::Text(self.take(end).to_owned());
        }
        if self.rest.starts_with("$((") {
            let end = self.rest.find("))").map_or(self.rest.len(), |at| at + 2);
            return Part::Text(self.take(end).to_owned());
        }
        if let Some(inner) = self.rest.strip_prefix("$(") {
            let end = balanced(inner);
            self.take(2);
            let text = self.take(end).to_owned();
            self.take(1);
            return Part::Substitution(text);
        }
        if let Some(inner) = self.rest.strip_prefix('`') {
            let end = inner.find('`').unwrap_or(inner.len());
            self.take(1);
            let text = self.take(end).to_owned();
            self.take(1);
            return Part::Substitution(text);
        }
        self.variable()
    }

    fn variable(&mut self) -> Part {
        if let Some(inner) = self.rest.strip_prefix("${") {
            let end = inner.find('}').unwrap_or(inner.len());
            let source = self.take(end + 3).to_owned();
            return braced(inner.get(..end).unwrap_or_default(), source);
        }
        let name = self.rest.get(1..).unwrap_or_default();
        let length = match name.chars().next() {
            Some(c) if c.is_ascii_digit() || "@*#?!-$".contains(c) => 1,
            _ => name
                .find(|c: char| !is_name_character(c))
                .unwrap_or(name.len()),
        };
        let source = self.take(1 + length).to_owned();
        let name = source.get(1..).unwrap_or_default().to_owned();
        if name.is_empty() {
            Part::Text(source)
        } else {
            Part::Variable {
                name,
                default: None,
                source,
            }
        }
    }

    fn operator_or_text(&mut self, c: char) {
        if self.rest.starts_with("<<<") {
            self.operator("<");
            self.take(3);
            return;
        }
        if self.rest.starts_with("<<") {
            self.drop_descriptor();
            self.end_word();
            self.take(if self.rest.starts_with("<<-") { 3 } else { 2 });
            self.wants_delimiter = true;
            return;
        }
        if c == '>' || c == '<' {
            self.drop_descriptor();
        }
        let found = OPERATORS
            .iter()
            .find(|(text, _)| self.rest.starts_with(text));
        if let Some((text, operator)) = found {
            self.operator(operator);
            self.take(text.len());
        } else if c == '>' {
            self.operator(">");
            self.take(1);
        } else {
            let text = self.take(c.len_utf8()).to_owned();
            self.push(Part::Text(text), false);
        }
    }

    /// The `2` of `2>file` belongs to the redirection.
    fn drop_descriptor(&mut self) {
        let is_number = |word: &Word| {
            word.plain()
                .is_some_and(|text| text.chars().all(|c| c.is_ascii_digit()))
        };
        if self.word.as_ref().is_some_and(is_number) {
            self.word = None;
        }
    }
}

fn is_name_character(c: char) -> bool {
    c.is_ascii_alphanumeric() || c == '_'
}

/// Reads the inside of `${…}`: a name, perhaps with a default; anything cleverer stays text.
fn braced(inner: &str, source: String) -> Part {
    let length = inner
        .find(|c: char| !is_name_character(c) && c != '@')
        .unwrap_or(inner.len());
    let (name, rest) = inner.split_at(length);
    let default = rest.strip_prefix(":-").or_else(|| rest.strip_prefix('-'));
    let is_known = !name.is_empty() && (rest.is_empty() || default.is_some());
    if !is_known {
        return Part::Text(source);
    }
    Part::Variable {
        name: name.to_owned(),
        default: default.map(str::to_owned),
        source,
    }
}

/// Returns where the parenthesis that is already open closes.
fn balanced(text: &str) -> usize {
    let (mut depth, mut quote) = (1_u32, None);
    for (at, c) in text.char_indices() {
        match (quote, c) {
            (Some(open), _) if open == c => quote = None,
            (None, '\'' | '"') => quote = Some(c),
            (None, '(') => depth += 1,
            (None, ')') => depth -= 1,
            _ => {}
        }
        if depth == 0 {
            return at;
        }
    }
    text.len()
}
