//! The tree of a script: lists, pipelines, compound commands. Forgiving: a construct it does not
//! know becomes a plain command, so that one oddity does not hide the rest of a script.

use super::lex::{Kind, Token, Word};

/// How a command of a list follows the one before it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Join {
    /// `&&`
    And,
    /// `||`
    Or,
}

/// A part of a script.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Node {
    /// Words, the first of which may be assignments.
    Simple {
        words: Vec<Word>,
        line: u32,
        output: Option<Word>,
    },
    /// Commands joined by `|`.
    Pipeline { parts: Vec<Node>, negated: bool },
    /// A command and those that follow it by `&&` and `||`.
    List {
        first: Box<Node>,
        rest: Vec<(Join, Node)>,
    },
    /// One after the other.
    Sequence(Vec<Node>),
    /// `command &`
    Background(Box<Node>),
    /// `( … )`
    Subshell(Box<Node>),
    /// `{ …; }`
    Group(Box<Node>),
    /// Conditions and the branches, `else` last.
    If {
        conditions: Vec<Node>,
        branches: Vec<Node>,
    },
    /// `for name in words`
    For {
        name: String,
        words: Vec<Word>,
        body: Box<Node>,
    },
    /// `while` and `until`
    While {
        condition: Box<Node>,
        body: Box<Node>,
    },
    /// The arms of `case`.
    Case(Vec<Node>),
    /// `name() { …; }`
    Function { name: String, body: Box<Node> },
}

/// Reads a whole script.
pub(super) fn parse(tokens: &[Token]) -> Node {
    let mut parser = Parser {
        tokens,
        at: 0,
        depth: 0,
    };
    let mut nodes = Vec::new();
    while parser.at < tokens.len() {
        let before = parser.at;
        nodes.push(parser.sequence(&[]));
        if parser.at == before {
            parser.at += 1;
        }
    }
    Node::Sequence(nodes)
}

/// Compound commands deeper than this are read as plain words.
const DEEPEST: u32 = 60;

struct Parser<'a> {
    tokens: &'a [Token],
    at: usize,
    depth: u32,
}

impl<'a> Parser<'a> {
    fn operator(&self) -> Option<&'static str> {
        match self.tokens.get(self.at).map(|token| &token.kind) {
            Some(Kind::Operator(operator)) => Some(operator),
            _ => None,
        }
    }

    fn word(&self) -> Option<&'a Word> {
        match self.tokens.get(self.at).map(|token| &token.kind) {
            Some(Kind::Word(word)) => Some(word),
            _ => None,
        }
    }

    fn reserved(&self) -> Option<&'a str> {
        self.word().and_then(Word::plain)
    }

    fn line(&self) -> u32 {
        self.tokens
            .get(self.at)
            .or(self.tokens.last())
            .map_or(0, |token| token.line)
    }

    fn accept_operator(&mut self, operator: &str) -> bool {
        let found = self.operator() == Some(operator);
        self.at += usize::from(found);
        found
    }

    fn accept_word(&mut self, word: &str) -> bool {
        let found = self.reserved() == Some(word);
        self.at += usize::from(found);
        found
    }

    fn skip_line_ends(&mut self) {
        while self.accept_operator("\n") || self.accept_operator(";") {}
    }

    /// Reads commands up to a word of `ends` in command position, `)`, `;;` or the end.
    fn sequence(&mut self, ends: &[&str]) -> Node {
        let mut nodes = Vec::new();
        loop {
            self.skip_line_ends();
            let is_end = self.reserved().is_some_and(|word| ends.contains(&word));
            if is_end || self.at >= self.tokens.len() || matches!(self.operator(), Some(")" | ";;"))
            {
                return Node::Sequence(nodes);
            }
            let before = self.at;
            let mut node = self.list();
            if self.accept_operator("&") {
                node = Node::Background(Box::new(node));
            }
            nodes.push(node);
            if self.at == before {
                self.at += 1;
            }
        }
    }

    fn list(&mut self) -> Node {
        let first = self.pipeline();
        let mut rest = Vec::new();
        loop {
            let join = match self.operator() {
                Some("&&") => Join::And,
                Some("||") => Join::Or,
                _ => break,
            };
            self.at += 1;
            while self.accept_operator("\n") {}
            rest.push((join, self.pipeline()));
        }
        if rest.is_empty() {
            first
        } else {
            Node::List {
                first: Box::new(first),
                rest,
            }
        }
    }

    fn pipeline(&mut self) -> Node {
        let negated = self.accept_word("!");
        let mut parts = vec![self.command()];
        while self.accept_operator("|") {
            while self.accept_operator("\n") {}
            parts.push(self.command());
        }
        match parts.pop() {
            Some(only) if parts.is_empty() && !negated => only,
            last => {
                parts.extend(last);
                Node::Pipeline { parts, negated }
            }
        }
    }

    fn command(&mut self) -> Node {
        if self.depth >= DEEPEST {
            return self.simple();
        }
        self.depth += 1;
        let node = self.compound().unwrap_or_else(|| self.simple());
        self.depth -= 1;
        self.redirections();
        node
    }

    fn compound(&mut self) -> Option<Node> {
        if self.accept_operator("(") {
            let body = self.sequence(&[]);
            self.accept_operator(")");
            return Some(Node::Subshell(Box::new(body)));
        }
        let word = self.reserved()?;
        match word {
            "if" => Some(self.conditional()),
            "for" => Some(self.for_loop()),
            "while" | "until" => Some(self.while_loop()),
            "case" => Some(self.case()),
            "{" => Some(self.group()),
            "function" => {
                self.at += 1;
                self.function()
            }
            _ if self.is_function() => self.function(),
            _ => None,
        }
    }

    fn is_function(&self) -> bool {
        let operator = |at: usize| match self.tokens.get(at).map(|token| &token.kind) {
            Some(Kind::Operator(operator)) => *operator,
            _ => "",
        };
        operator(self.at + 1) == "(" && operator(self.at + 2) == ")"
    }

    fn function(&mut self) -> Option<Node> {
        let name = self.reserved()?.to_owned();
        self.at += 1;
        if self.accept_operator("(") {
            self.accept_operator(")");
        }
        self.skip_line_ends();
        Some(Node::Function {
            name,
            body: Box::new(self.command()),
        })
    }

    fn group(&mut self) -> Node {
        self.at += 1;
        let body = self.sequence(&["}"]);
        self.accept_word("}");
        Node::Group(Box::new(body))
    }

    fn conditional(&mut self) -> Node {
        let (mut conditions, mut branches) = (Vec::new(), Vec::new());
        while self.accept_word("if") || self.accept_word("elif") {
            conditions.push(self.sequence(&["then"]));
            self.accept_word("then");
            branches.push(self.sequence(&["elif", "else", "fi"]));
        }
        if self.accept_word("else") {
            branches.push(self.sequence(&["fi"]));
        }
        self.accept_word("fi");
        Node::If {
            conditions,
            branches,
        }
    }

    fn for_loop(&mut self) -> Node {
        self.at += 1;
        let name = self.word().map(Word::source).unwrap_or_default();
        self.at += 1;
        while self.accept_operator("\n") {}
        let mut words = Vec::new();
        if self.accept_word("in") {
            while let Some(word) = self.word() {
                words.push(word.clone());
                self.at += 1;
            }
        }
        self.skip_line_ends();
        Node::For {
            name,
            words,
            body: Box::new(self.loop_body()),
        }
    }

    fn while_loop(&mut self) -> Node {
        self.at += 1;
        let condition = Box::new(self.sequence(&["do"]));
        Node::While {
            condition,
            body: Box::new(self.loop_body()),
        }
    }

    fn loop_body(&mut self) -> Node {
        self.skip_line_ends();
        self.accept_word("do");
        let body = self.sequence(&["done"]);
        self.accept_word("done");
        body
    }

    fn case(&mut self) -> Node {
        self.at += 2;
        while self.accept_operator("\n") {}
        self.accept_word("in");
        let mut arms = Vec::new();
        loop {
            self.skip_line_ends();
            if self.at >= self.tokens.len() || self.accept_word("esac") {
                return Node::Case(arms);
            }
            self.case_pattern();
            arms.push(self.sequence(&["esac"]));
            self.accept_operator(";;");
        }
    }

    fn case_pattern(&mut self) {
        self.accept_operator("(");
        while self.at < self.tokens.len() && !self.accept_operator(")") {
            self.at += 1;
        }
    }

    /// Passes redirections over and returns where output goes.
    fn redirections(&mut self) -> Option<Word> {
        let mut output = None;
        while let Some(operator @ ("<" | ">")) = self.operator() {
            self.at += 1;
            // `<(…)` and `>(…)` are process substitutions.
            if self.accept_operator("(") {
                self.sequence(&[]);
                self.accept_operator(")");
            } else if let Some(word) = self.word() {
                self.at += 1;
                if operator == ">" {
                    output = Some(word.clone());
                }
            }
        }
        output
    }

    fn simple(&mut self) -> Node {
        let line = self.line();
        let mut words = Vec::new();
        let mut output = None;
        loop {
            output = self.redirections().or(output);
            let Some(word) = self.word() else { break };
            self.at += 1;
            let opens_test = words.is_empty() && word.plain() == Some("[[");
            words.push(word.clone());
            if opens_test {
                self.rest_of_test();
            }
        }
        Node::Simple {
            words,
            line,
            output,
        }
    }

    /// Between `[[` and `]]` stand operators that are no operators of the shell.
    fn rest_of_test(&mut self) {
        while self.at < self.tokens.len() && self.operator() != Some("\n") {
            if self.accept_word("]]") {
                return;
            }
            self.at += 1;
        }
    }
}
