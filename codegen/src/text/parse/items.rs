//! Reads a module and its items.

use super::{Parsed, Parser};
use crate::dim3::Dim3;
use crate::ir::{
    Bound, Constant, EnumDefinition, Field, Function, KernelAttributes, Module, Scalar, Span,
    StructDefinition, Type, TypeParameter,
};
use crate::text::known::Known;
use crate::text::lexer::{Failure, Token};
use crate::text::spelling::{default_alias, scalar};

/// Type parameters, and const generics with their types.
type Generics = (Vec<TypeParameter>, Vec<(String, Scalar)>);

impl Parser<'_> {
    /// The whole text.
    pub(super) fn module(mut self) -> Parsed<Module> {
        self.expect_word("module")?;
        let name = self.path_name("the name of the module")?;
        self.expect(";")?;
        self.known = Known::new(&name);
        let mut module = Module {
            name,
            file: String::new(),
            imports: Vec::new(),
            structs: Vec::new(),
            enums: Vec::new(),
            constants: Vec::new(),
            functions: Vec::new(),
            lines: Default::default(),
        };
        if self.accept_word("file")? {
            module.file = self.string("a file name in quotes")?;
            self.expect(";")?;
        }
        while self.token != Token::End {
            self.item(&mut module)?;
        }
        Ok(module)
    }

    fn item(&mut self, module: &mut Module) -> Parsed<()> {
        let kernel = if self.accept("#")? { Some(self.kernel_attributes()?) } else { None };
        let span = self.position()?;
        let is_const = self.accept_word("const")?;
        if self.accept_word("fn")? {
            module.functions.push(self.function(kernel, is_const, span)?);
            return Ok(());
        }
        if kernel.is_some() {
            return self.expected("`fn` after `#[kernel(..)]`");
        }
        if is_const {
            module.constants.push(self.constant(span)?);
            return Ok(());
        }
        if self.accept_word("struct")? {
            module.structs.push(self.structure(span)?);
            return Ok(());
        }
        if self.accept_word("enum")? {
            module.enums.push(self.enumeration(span)?);
            return Ok(());
        }
        if span != Span::default() {
            return self.expected("`struct`, `enum`, `const` or `fn` after the position");
        }
        if self.accept_word("use")? {
            module.imports.push(self.import()?);
            return Ok(());
        }
        if self.accept_word("line")? {
            let number = self.integer("the number of a source line")?;
            if module.lines.contains_key(&number) {
                return self.fail(format!("expected line {number} once, found it again"));
            }
            module.lines.insert(number, self.string("the text of a source line in quotes")?);
            return Ok(());
        }
        self.expected("an item: `use`, `struct`, `enum`, `const`, `fn`, `#[kernel(..)]` or `line`")
    }

    /// `path;` or `path as alias;`
    fn import(&mut self) -> Parsed<String> {
        let start = self.start;
        let module = self.path_name("the name of a module")?;
        let alias = if self.accept_word("as")? {
            Some(self.name("a short name for the module")?)
        } else {
            default_alias(&module).map(String::from)
        };
        self.expect(";")?;
        let message = match alias {
            None => format!("expected `as` and a short name for `{module}`"),
            Some(alias) if alias == "self" || self.aliases.contains_key(&alias) => {
                format!("expected `as` and another short name for `{module}`: `{alias}` is taken")
            }
            Some(alias) => {
                self.aliases.insert(alias, module.clone());
                return Ok(module);
            }
        };
        Err(Failure { position: start, message })
    }

    fn structure(&mut self, span: Span) -> Parsed<StructDefinition> {
        let name = self.path_name("the name of a struct")?;
        let (type_parameters, constants) = self.generic_parameters()?;
        if !constants.is_empty() {
            return self.fail("a struct has type parameters only");
        }
        let mut align = 1;
        if self.accept_word("align")? {
            self.expect("(")?;
            align = self.integer("an alignment in bytes")?;
            self.expect(")")?;
        }
        self.expect("{")?;
        let fields = self.separated("}", |parser| {
            let name = parser.field_name()?;
            parser.expect(":")?;
            Ok(Field { name, ty: parser.ty()? })
        })?;
        let definition = StructDefinition { name, type_parameters, fields, align, span };
        self.known.end_type_parameters();
        self.known.declare_struct(&definition);
        Ok(definition)
    }

    fn enumeration(&mut self, span: Span) -> Parsed<EnumDefinition> {
        let name = self.path_name("the name of an enum")?;
        let stated = self.accept_word("repr")?;
        self.expect("(")?;
        let scalar = self.scalar()?;
        self.expect(")")?;
        self.expect("{")?;
        let variants = self.separated("}", |parser| {
            let name = parser.field_name()?;
            parser.expect("=")?;
            let negative = parser.accept("-")?;
            let value = i128::from(parser.integer::<u64>("a discriminant")?);
            Ok((name, if negative { -value } else { value }))
        })?;
        Ok(EnumDefinition { name, scalar, stated, variants, span })
    }

    /// The name of a scalar type.
    pub(super) fn scalar(&mut self) -> Parsed<Scalar> {
        let Token::Word(word) = self.token else { return self.expected("a scalar type") };
        let Some(scalar) = scalar(word) else { return self.expected("a scalar type") };
        self.advance()?;
        Ok(scalar)
    }

    fn constant(&mut self, span: Span) -> Parsed<Constant> {
        let name = self.path_name("the name of a constant")?;
        self.expect(":")?;
        let ty = self.ty()?;
        self.expect("=")?;
        let value = self.expression()?;
        self.expect(";")?;
        self.known.declare_constant(&name, &ty);
        Ok(Constant { name, ty, value, span })
    }

    /// After `#`: `[kernel(warps = 8, grid_dimensions = 2, max_registers = 64)]`.
    fn kernel_attributes(&mut self) -> Parsed<KernelAttributes> {
        self.expect("[")?;
        self.expect_word("kernel")?;
        self.expect("(")?;
        let (block, block_is_most) = self.block_size()?;
        let mut attributes = KernelAttributes { block, block_is_most, ..KernelAttributes::default() };
        let mut more = self.accept(",")?;
        if more && self.accept_word("grid_dimensions")? {
            self.expect("=")?;
            attributes.grid_dimensions = self.integer("a number of dimensions")?;
            more = self.accept(",")?;
        }
        if more {
            self.expect_word("max_registers")?;
            self.expect("=")?;
            attributes.max_registers = Some(self.integer("a number of registers")?);
        }
        self.expect(")")?;
        self.expect("]")?;
        Ok(attributes)
    }

    /// `warps = 8`, `threads = (16, 16)` or `max_threads = 256`: the sizes, and whether they are
    /// the most.
    fn block_size(&mut self) -> Parsed<(Dim3, bool)> {
        let is_most = self.accept_word("max_threads")?;
        if !is_most && !self.accept_word("threads")? {
            self.expect_word("warps")?;
            self.expect("=")?;
            let warps: u32 = self.integer("a number of warps")?;
            return Ok((Dim3::from(warps.saturating_mul(32)), false));
        }
        self.expect("=")?;
        if !self.accept("(")? {
            return Ok((Dim3::from(self.integer::<u32>("a number of threads")?), is_most));
        }
        let sizes = self.separated(")", |parser| parser.integer("a number of threads"))?;
        match sizes[..] {
            [x, y] => Ok((Dim3::from((x, y)), is_most)),
            [x, y, z] => Ok((Dim3::new(x, y, z), is_most)),
            _ => self.fail("expected two or three numbers of threads"),
        }
    }

    /// After `fn`.
    fn function(&mut self, kernel: Option<KernelAttributes>, is_const: bool, span: Span) -> Parsed<Function> {
        let start = self.start;
        let name = self.path_name("the name of a function")?;
        let (type_parameters, const_parameters) = self.generic_parameters()?;
        self.expect("(")?;
        let mut next = 0;
        let parameters = self.separated(")", |parser| {
            let (id, name) = parser.new_local()?;
            if id.0 != next {
                return parser.fail(format!("expected parameter number {next}, found #{}", id.0));
            }
            next += 1;
            parser.expect(":")?;
            let ty = parser.ty()?;
            parser.declare(id, name, ty)
        })?;
        let result = if self.accept("->")? { self.ty()? } else { Type::Unit };
        let body = self.block()?;
        let locals = self.known.end_function().map_err(|missing| Failure {
            position: start,
            message: format!("expected a declaration of local #{missing} in `{name}`"),
        })?;
        Ok(Function {
            name,
            kernel,
            is_const,
            type_parameters,
            const_parameters,
            parameters: parameters.len(),
            result,
            locals,
            body,
            span,
        })
    }

    /// `<T: Number, const ROW: u32>`, if there is one: types first.
    fn generic_parameters(&mut self) -> Parsed<Generics> {
        let (mut types, mut constants) = (Vec::new(), Vec::new());
        if !self.accept("<")? {
            return Ok((types, constants));
        }
        self.separated(">", |parser| {
            if parser.accept_word("const")? {
                let name = parser.name("the name of a const generic")?;
                parser.expect(":")?;
                let scalar = parser.scalar()?;
                parser.known.declare_const_parameter(&name, scalar);
                constants.push((name, scalar));
                return Ok(());
            }
            if !constants.is_empty() {
                return parser.expected("`const`: type parameters stand before const generics");
            }
            let name = parser.name("the name of a type parameter")?;
            parser.expect(":")?;
            let bound = match parser.token {
                Token::Word(word) => Bound::named(word),
                _ => None,
            };
            let Some(bound) = bound else { return parser.expected("a set of types, such as `Number`") };
            parser.advance()?;
            parser.known.declare_type_parameter(&name);
            types.push(TypeParameter { name, bound });
            Ok(())
        })?;
        Ok((types, constants))
    }
}
