//! Reads names, paths, numbers and strings.

use super::{Parsed, Parser};
use crate::ir::{Local, LocalId, Path, Span};
use crate::text::lexer::{LocalName, Token};
use crate::text::spelling::unquote;

/// Longest name in bytes: names are copied into every mention.
const NAME_LENGTH: usize = 1024;

impl Parser<'_> {
    fn unquoted(&self, raw: &str) -> Parsed<String> {
        unquote(raw).map(String::from).or_else(|message| self.fail(message))
    }

    pub(super) fn checked(&self, name: String) -> Parsed<String> {
        if name.len() > NAME_LENGTH {
            return self
                .fail(format!("expected a name of at most {NAME_LENGTH} bytes, found {}", name.len()));
        }
        Ok(name)
    }

    /// A string of any length.
    pub(super) fn string(&mut self, what: &str) -> Parsed<String> {
        let Token::Quoted(raw) = self.token else { return self.expected(what) };
        let text = self.unquoted(raw)?;
        self.advance()?;
        Ok(text)
    }

    /// The name of an item or module: words joined by `::`, or quoted.
    pub(super) fn path_name(&mut self, what: &str) -> Parsed<String> {
        let name = match self.token {
            Token::Word(word) => word.to_string(),
            Token::Quoted(raw) => self.unquoted(raw)?,
            _ => return self.expected(what),
        };
        let name = self.checked(name)?;
        self.advance()?;
        Ok(name)
    }

    /// A single name.
    pub(super) fn name(&mut self, what: &str) -> Parsed<String> {
        if matches!(self.token, Token::Word(word) if word.contains("::")) {
            return self.expected(what);
        }
        self.path_name(what)
    }

    /// The name of a field, which may be a number.
    pub(super) fn field_name(&mut self) -> Parsed<String> {
        match self.token {
            Token::Number(digits) if digits.bytes().all(|byte| byte.is_ascii_digit()) => {
                self.advance()?;
                self.checked(digits.to_string())
            }
            _ => self.path_name("the name of a field"),
        }
    }

    /// Whether a path follows: `self::item`, `alias::item` or `<module>::item`.
    pub(super) fn is_path(&self) -> bool {
        matches!(self.token, Token::Word(word) if word.contains("::")) || self.is("<")
    }

    /// A path.
    pub(super) fn path(&mut self) -> Parsed<Path> {
        if self.accept("<")? {
            let module = self.path_name("the name of a module")?;
            self.close_angle()?;
            self.expect("::")?;
            let item = self.path_name("the name of an item")?;
            return Ok(Path::new(module, item));
        }
        let Token::Word(word) = self.token else { return self.expected("a path") };
        let Some((alias, item)) = word.split_once("::") else {
            self.advance()?;
            return self.quoted_item(word);
        };
        let path = Path::new(self.module_of(alias)?, self.checked(item.to_string())?);
        self.advance()?;
        Ok(path)
    }

    /// The rest of a path after its module's short name: `::"odd item"`.
    pub(super) fn quoted_item(&mut self, alias: &str) -> Parsed<Path> {
        if !self.is("::") {
            return self.fail(format!("expected `::` after `{alias}`: items are written `self::item`"));
        }
        let module = self.module_of(alias)?;
        self.advance()?;
        Ok(Path::new(module, self.path_name("the name of an item")?))
    }

    fn module_of(&self, alias: &str) -> Parsed<String> {
        if alias == "self" {
            return Ok(self.known.module.clone());
        }
        match self.aliases.get(alias) {
            Some(module) => Ok(module.clone()),
            None => self.fail(format!("expected `self` or an imported module before `::`, found `{alias}`")),
        }
    }

    /// A number without suffix that fits `T`.
    pub(super) fn integer<T: std::str::FromStr>(&mut self, what: &str) -> Parsed<T> {
        let Token::Number(digits) = self.token else { return self.expected(what) };
        let Ok(value) = digits.parse() else { return self.expected(what) };
        self.advance()?;
        Ok(value)
    }

    /// The position before an item or statement; "nowhere" if there is none.
    pub(super) fn position(&mut self) -> Parsed<Span> {
        self.statement = match self.token {
            Token::Span(Some(line), column) => {
                self.advance()?;
                Span { line, column }
            }
            Token::Span(None, _) => return self.expected("a position with its line, `@line:column`"),
            _ => Span::default(),
        };
        Ok(self.statement)
    }

    /// `name#index` where a local is declared.
    pub(super) fn new_local(&mut self) -> Parsed<(LocalId, String)> {
        let Token::Local(name, index) = self.token else { return self.expected("a local, `name#index`") };
        if index as usize > self.lexer.length() {
            return self.fail(format!("expected locals to be numbered from 0 without gaps, found {index}"));
        }
        let name = match name {
            Some(LocalName::Plain(name)) => name.to_string(),
            Some(LocalName::Quoted(raw)) => self.unquoted(raw)?,
            None => String::new(),
        };
        let name = self.checked(name)?;
        self.advance()?;
        Ok((LocalId(index), name))
    }

    pub(super) fn declare(&mut self, id: LocalId, name: String, ty: crate::ir::Type) -> Parsed<()> {
        if self.known.declare_local(id, Local { name, ty }) {
            return Ok(());
        }
        self.fail(format!("expected one declaration of local #{}, found another", id.0))
    }

    /// A mention of a local: `#index`, or `name#index` of one that is declared above.
    pub(super) fn local(&mut self) -> Parsed<LocalId> {
        let Token::Local(name, index) = self.token else { return self.expected("a local, `name#index`") };
        let id = LocalId(index);
        let declared = self.known.local(id).map(|local| local.name.as_str());
        let agrees = match (name, declared) {
            (None, _) => true,
            (Some(LocalName::Plain(name)), Some(declared)) => name == declared,
            (Some(LocalName::Quoted(raw)), Some(declared)) => unquote(raw).is_ok_and(|name| name == declared),
            (Some(_), None) => false,
        };
        if !agrees {
            return match declared {
                Some(name) => self.expected(&format!("`{name}#{index}`, as it is declared")),
                None => self.fail(format!("expected a declaration of local #{index} above")),
            };
        }
        self.advance()?;
        Ok(id)
    }
}
