//! The header and module-level items.

use super::{Parsed, Parser};
use crate::lexer::TokenKind;
use crate::model::{CallPrototype, Directive, Function, FunctionKind, Item, Linkage, Module};
use crate::version::Version;

/// Performance directives of a function that take numbers or nothing.
const DIRECTIVES: &[&str] = &[
    "maxntid",
    "reqntid",
    "minnctapersm",
    "maxnctapersm",
    "maxnreg",
    "abi_preserve",
    "abi_preserve_control",
    "noreturn",
    "reqnctapercluster",
    "maxclusterrank",
    "explicitcluster",
    "blocksareclusters",
];

impl Parser<'_> {
    pub(super) fn module(mut self) -> Parsed<Module> {
        let mut items = Vec::new();
        self.comments(&mut items);
        let version = self.version()?;
        self.comments(&mut items);
        let target = self.target()?;
        self.comments(&mut items);
        let address_size = if self.accept_directive("address_size") {
            self.unsigned("an address size in bits")?
        } else {
            32
        };
        if !matches!(address_size, 32 | 64) {
            return self.unsupported(format!("an address size of {address_size} bits"));
        }
        loop {
            self.comments(&mut items);
            if self.peek().is_none() {
                return Ok(Module { version, target, address_size, items });
            }
            self.item(&mut items)?;
        }
    }

    fn comments(&mut self, items: &mut Vec<Item>) {
        while let Some(text) = self.comment() {
            items.push(Item::Comment(text.to_owned()));
        }
    }

    fn version(&mut self) -> Parsed<Version> {
        if !self.accept_directive("version") {
            return self.expected("`.version` as the first directive");
        }
        if let Some(TokenKind::Number(text)) = self.peek()
            && let Some((major, minor)) = text.split_once('.')
            && let (Ok(major), Ok(minor)) = (major.parse(), minor.parse())
        {
            self.next();
            return Ok(Version { major, minor });
        }
        self.expected("a version such as `8.0`")
    }

    fn target(&mut self) -> Parsed<Vec<String>> {
        if !self.accept_directive("target") {
            return self.expected("`.target` after `.version`");
        }
        let mut target = vec![self.word("a target such as `sm_90`")?.to_owned()];
        while self.accept(',') {
            target.push(self.word("a target option")?.to_owned());
        }
        Ok(target)
    }

    fn item(&mut self, items: &mut Vec<Item>) -> Parsed<()> {
        if self.accept_directive("file") {
            let index = self.unsigned("a file index")?;
            let path = self.text()?.to_owned();
            while self.accept(',') {
                self.unsigned::<u64>("a time stamp or file size")?;
            }
            items.push(Item::File { index, path });
            return Ok(());
        }
        if self.peek() == Some(TokenKind::Directive("section")) {
            return self.skip_section();
        }
        let mut linkage = None;
        for (name, value) in [
            ("visible", Linkage::Visible),
            ("extern", Linkage::Extern),
            ("weak", Linkage::Weak),
            ("common", Linkage::Common),
        ] {
            if self.accept_directive(name) {
                linkage = Some(value);
                break;
            }
        }
        match self.peek() {
            Some(TokenKind::Directive("entry")) => {
                self.next();
                items.push(Item::Function(self.function(linkage, FunctionKind::Entry)?));
            }
            Some(TokenKind::Directive("func")) => {
                self.next();
                items.push(Item::Function(self.function(linkage, FunctionKind::Func)?));
            }
            Some(TokenKind::Directive(
                "const" | "global" | "shared" | "local" | "param" | "align" | "attribute",
            )) => {
                items.extend(self.variables(linkage)?.into_iter().map(Item::Variable));
            }
            Some(TokenKind::Directive("alias")) => {
                self.next();
                let alias = self.word("a function name")?.to_owned();
                self.expect(',')?;
                let function = self.word("a function")?.to_owned();
                self.expect(';')?;
                items.push(Item::Alias { alias, function });
            }
            Some(TokenKind::Directive("pragma")) => {
                self.next();
                for text in self.list(';', |p| p.text().map(str::to_owned))? {
                    items.push(Item::Pragma(text));
                }
            }
            Some(TokenKind::Directive(name @ ("tex" | "reg" | "callprototype" | "calltargets"))) => {
                return self.unsupported(format!("`.{name}` at module level"));
            }
            _ => return self.expected("a variable, `.entry` or `.func`"),
        }
        Ok(())
    }

    fn directives_of_function(&mut self) -> Parsed<Vec<Directive>> {
        let mut directives = Vec::new();
        while let Some(TokenKind::Directive(name)) = self.peek() {
            if !DIRECTIVES.contains(&name) {
                return self.unsupported(format!("`.{name}` on a function"));
            }
            self.next();
            let mut values = Vec::new();
            while let Some(TokenKind::Number(_)) = self.peek() {
                values.push(self.unsigned("a number")?);
                if !self.accept(',') {
                    break;
                }
            }
            directives.push(Directive { name: name.to_owned(), values });
        }
        Ok(directives)
    }

    /// After `.callprototype`.
    pub(super) fn call_prototype(&mut self, label: String) -> Parsed<CallPrototype> {
        let results = if self.accept('(') { self.list(')', Self::parameter)? } else { Vec::new() };
        self.word("`_` or a name")?;
        let parameters = if self.accept('(') { self.list(')', Self::parameter)? } else { Vec::new() };
        let directives = self.directives_of_function()?;
        self.expect(';')?;
        Ok(CallPrototype { label, results, parameters, directives })
    }

    /// After `.entry` or `.func`.
    fn function(&mut self, linkage: Option<Linkage>, kind: FunctionKind) -> Parsed<Function> {
        let mut function = Function {
            linkage,
            kind,
            results: Vec::new(),
            name: String::new(),
            parameters: Vec::new(),
            directives: Vec::new(),
            body: None,
        };
        if self.accept_directive("attribute") {
            self.skip_attributes()?;
        }
        if kind == FunctionKind::Func && self.accept('(') {
            function.results = self.list(')', Self::parameter)?;
        }
        function.name = self.word("a function name")?.to_owned();
        if self.accept('(') {
            function.parameters = self.list(')', Self::parameter)?;
        }
        function.directives = self.directives_of_function()?;
        if self.accept('{') {
            function.body = Some(self.block()?);
        } else {
            self.expect(';')?;
        }
        Ok(function)
    }
}
