//! From tokens to the tree of an expression, with the contexts and functions that are legal.

use std::ops::Range;

use super::MAX_DEPTH;
use super::error::{Error, Phase, Reason};
use super::functions::BuiltIn;
use super::lexer::{Token, lex};
use super::tree::{Comparison, Expression, Function, Node};
use super::value::Value;

/// What an expression may name.
#[derive(Debug, Clone, Copy)]
pub struct Names<'a> {
    /// Contexts, compared without regard to case.
    pub contexts: &'a [&'a str],
    /// Functions beside those that every expression has.
    pub functions: &'a [Function],
    /// Whether `success` and `failure` take ids of jobs, as in the `if` of a job.
    pub status_takes_jobs: bool,
}

impl Expression {
    /// Parses what stands between `${{` and `}}`; nothing at all is `null`.
    pub fn parse(source: &str, names: &Names<'_>) -> Result<Self, Error> {
        let tokens = lex(source)?;
        let mut parser = Parser {
            source,
            names,
            tokens,
            position: 0,
            nesting: 0,
        };
        if parser.tokens.is_empty() {
            return Ok(Self { root: None });
        }
        let (root, _) = parser.expression()?;
        match parser.peek() {
            None => Ok(Self { root: Some(root) }),
            Some(_) => Err(parser.unexpected()),
        }
    }
}

/// A node with the number of levels of its tree.
type Deep = (Node, usize);

struct Parser<'a> {
    source: &'a str,
    names: &'a Names<'a>,
    tokens: Vec<(Token, Range<usize>)>,
    position: usize,
    nesting: usize,
}

impl Parser<'_> {
    fn expression(&mut self) -> Result<Deep, Error> {
        self.nesting += 1;
        if self.nesting > MAX_DEPTH {
            return Err(self.too_deep());
        }
        let result = self.or();
        self.nesting -= 1;
        result
    }

    fn or(&mut self) -> Result<Deep, Error> {
        self.chain(&Token::Or, Self::and, Node::Or)
    }

    fn and(&mut self) -> Result<Deep, Error> {
        self.chain(&Token::And, Self::equality, Node::And)
    }

    /// Operands joined by one operator, all children of one node.
    fn chain(
        &mut self,
        operator: &Token,
        operand: fn(&mut Self) -> Result<Deep, Error>,
        join: fn(Vec<Node>) -> Node,
    ) -> Result<Deep, Error> {
        let (first, mut depth) = operand(self)?;
        let mut operands = vec![first];
        while self.take(operator) {
            let (next, next_depth) = operand(self)?;
            depth = depth.max(next_depth);
            operands.push(next);
        }
        match operands.len() {
            1 => operands
                .pop()
                .map(|only| (only, depth))
                .ok_or_else(|| self.too_deep()),
            _ => self.deeper(join(operands), depth),
        }
    }

    fn equality(&mut self) -> Result<Deep, Error> {
        let operators = [
            (Token::Equal, Comparison::Equal),
            (Token::NotEqual, Comparison::NotEqual),
        ];
        self.comparisons(&operators, Self::relation)
    }

    fn relation(&mut self) -> Result<Deep, Error> {
        let operators = [
            (Token::Less, Comparison::Less),
            (Token::LessOrEqual, Comparison::LessOrEqual),
            (Token::Greater, Comparison::Greater),
            (Token::GreaterOrEqual, Comparison::GreaterOrEqual),
        ];
        self.comparisons(&operators, Self::unary)
    }

    fn comparisons(
        &mut self,
        operators: &[(Token, Comparison)],
        operand: fn(&mut Self) -> Result<Deep, Error>,
    ) -> Result<Deep, Error> {
        let (mut left, mut depth) = operand(self)?;
        while let Some((_, comparison)) = operators
            .iter()
            .find(|(token, _)| self.peek() == Some(token))
        {
            self.position += 1;
            let (right, right_depth) = operand(self)?;
            let node = Node::Compare(*comparison, Box::new(left), Box::new(right));
            (left, depth) = self.deeper(node, depth.max(right_depth))?;
        }
        Ok((left, depth))
    }

    fn unary(&mut self) -> Result<Deep, Error> {
        if !self.take(&Token::Not) {
            return self.postfix();
        }
        self.nesting += 1;
        if self.nesting > MAX_DEPTH {
            return Err(self.too_deep());
        }
        let (operand, depth) = self.unary()?;
        self.nesting -= 1;
        self.deeper(Node::Not(Box::new(operand)), depth)
    }

    fn postfix(&mut self) -> Result<Deep, Error> {
        let starts_with_value = matches!(self.peek(), Some(Token::Name | Token::OpenGroup));
        let (mut node, mut depth) = self.primary()?;
        if !starts_with_value {
            return Ok((node, depth));
        }
        loop {
            let next = if self.take(&Token::Dot) {
                self.property(node)?
            } else if self.take(&Token::OpenIndex) {
                self.index(node)?
            } else {
                return Ok((node, depth));
            };
            (node, depth) = self.deeper(next.0, depth.max(next.1))?;
        }
    }

    fn property(&mut self, of: Node) -> Result<Deep, Error> {
        match self.peek() {
            Some(Token::Star) => {
                self.position += 1;
                Ok((Node::Wildcard(Box::new(of)), 1))
            }
            Some(Token::Name) => {
                let name = self.text().to_owned();
                self.position += 1;
                Ok((Node::Property(Box::new(of), name), 1))
            }
            _ => Err(self.unexpected()),
        }
    }

    fn index(&mut self, of: Node) -> Result<Deep, Error> {
        let (node, depth) = if self.take(&Token::Star) {
            (Node::Wildcard(Box::new(of)), 1)
        } else {
            let (index, depth) = self.expression()?;
            (Node::Index(Box::new(of), Box::new(index)), depth)
        };
        self.expect(&Token::CloseIndex)?;
        Ok((node, depth))
    }

    fn primary(&mut self) -> Result<Deep, Error> {
        let Some(token) = self.peek().cloned() else {
            return Err(self.unexpected());
        };
        let value = match token {
            Token::Null => Value::Null,
            Token::Boolean(value) => Value::Boolean(value),
            Token::Number(value) => Value::Number(value),
            Token::String(text) => Value::from(text),
            Token::Name => return self.name(),
            Token::OpenGroup => {
                self.position += 1;
                let inner = self.expression()?;
                self.expect(&Token::CloseGroup)?;
                return Ok(inner);
            }
            _ => return Err(self.unexpected()),
        };
        self.position += 1;
        Ok((Node::Literal(value), 1))
    }

    fn name(&mut self) -> Result<Deep, Error> {
        let name = self.text().to_owned();
        let range = self.range();
        self.position += 1;
        if self.peek() == Some(&Token::OpenGroup) {
            return self.call(name, range);
        }
        if self
            .names
            .contexts
            .iter()
            .any(|context| context.eq_ignore_ascii_case(&name))
        {
            return Ok((Node::Context(name), 1));
        }
        Err(self.error(Reason::UnknownContext(name), range))
    }

    fn call(&mut self, name: String, range: Range<usize>) -> Result<Deep, Error> {
        let built_in = BuiltIn::named(&name);
        let given = self
            .names
            .functions
            .iter()
            .copied()
            .find(|known| known.name().eq_ignore_ascii_case(&name));
        let (least, most) = match (built_in, given) {
            (Some(function), _) => function.parameters(),
            (None, Some(function)) => function.parameters(self.names.status_takes_jobs),
            (None, None) => return Err(self.error(Reason::UnknownFunction(name), range)),
        };
        let (arguments, depth) = self.arguments()?;
        if arguments.len() < least {
            return Err(self.error(Reason::TooFewParameters(name), range));
        }
        if arguments.len() > most {
            return Err(self.error(Reason::TooManyParameters(name), range));
        }
        if built_in == Some(BuiltIn::Case) && arguments.len() % 2 == 0 {
            return Err(self.error(Reason::EvenParameters(name), range));
        }
        let node = match (built_in, given) {
            (Some(function), _) => Node::BuiltIn(function, arguments),
            (None, Some(function)) => Node::Given(function, arguments),
            (None, None) => Node::Literal(Value::Null),
        };
        self.deeper(node, depth)
    }

    fn arguments(&mut self) -> Result<(Vec<Node>, usize), Error> {
        self.expect(&Token::OpenGroup)?;
        let mut arguments = Vec::new();
        let mut depth = 0;
        if self.take(&Token::CloseGroup) {
            return Ok((arguments, depth));
        }
        loop {
            let (argument, argument_depth) = self.expression()?;
            depth = depth.max(argument_depth);
            arguments.push(argument);
            if !self.take(&Token::Comma) {
                self.expect(&Token::CloseGroup)?;
                return Ok((arguments, depth));
            }
        }
    }

    fn deeper(&self, node: Node, depth: usize) -> Result<Deep, Error> {
        if depth >= MAX_DEPTH {
            Err(self.too_deep())
        } else {
            Ok((node, depth + 1))
        }
    }

    fn peek(&self) -> Option<&Token> {
        self.tokens.get(self.position).map(|(token, _)| token)
    }

    fn take(&mut self, token: &Token) -> bool {
        let is_next = self.peek() == Some(token);
        self.position += usize::from(is_next);
        is_next
    }

    fn expect(&mut self, token: &Token) -> Result<(), Error> {
        if self.take(token) {
            Ok(())
        } else {
            Err(self.unexpected())
        }
    }

    fn range(&self) -> Range<usize> {
        self.tokens
            .get(self.position)
            .map_or(self.source.len()..self.source.len(), |(_, range)| {
                range.clone()
            })
    }

    fn text(&self) -> &str {
        self.source.get(self.range()).unwrap_or_default()
    }

    /// The next token cannot stand here, or the expression ends too early.
    fn unexpected(&self) -> Error {
        if self.peek().is_some() {
            return self.error(
                Reason::UnexpectedSymbol(self.text().to_owned()),
                self.range(),
            );
        }
        let range = self.tokens.last().map_or(0..0, |(_, range)| range.clone());
        let last = self
            .source
            .get(range.clone())
            .unwrap_or_default()
            .to_owned();
        self.error(Reason::UnexpectedEnd(last), range)
    }

    fn too_deep(&self) -> Error {
        self.error(Reason::TooDeep, self.range())
    }

    fn error(&self, reason: Reason, range: Range<usize>) -> Error {
        Error::at(Phase::Parsing, reason, self.source, range)
    }
}
