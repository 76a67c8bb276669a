//! Types of the intermediate representation.

use std::fmt;

use super::TypeParameter;

/// An item by the module it lives in, its name there, and what stands for its type parameters.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Path {
    /// [`super::Module::name`].
    pub module: String,
    /// Item name; methods are `Struct::method`.
    pub item: String,
    /// One type for each type parameter of the item; a method has those of its struct first.
    pub arguments: Vec<Type>,
}

impl Path {
    /// An item without type arguments.
    pub fn new(module: impl Into<String>, item: impl Into<String>) -> Path {
        Path { module: module.into(), item: item.into(), arguments: Vec::new() }
    }

    /// The item's name with its type arguments, as Rust writes a type: `Pair<f32>`.
    pub fn name(&self) -> String {
        let arguments: Vec<String> = self.arguments.iter().map(Type::to_string).collect();
        match arguments.is_empty() {
            true => self.item.clone(),
            false => format!("{}<{}>", self.item, arguments.join(", ")),
        }
    }
}

impl fmt::Display for Path {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}::{}", self.module, self.name())
    }
}

/// A scalar type. `usize` is `U64`, `isize` is `I64`: device addresses have 64 bits.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[allow(missing_docs)]
pub enum Scalar {
    Bool,
    U8,
    U16,
    U32,
    U64,
    I8,
    I16,
    I32,
    I64,
    F32,
    F64,
}

impl Scalar {
    /// The Rust name.
    pub fn name(self) -> &'static str {
        match self {
            Scalar::Bool => "bool",
            Scalar::U8 => "u8",
            Scalar::U16 => "u16",
            Scalar::U32 => "u32",
            Scalar::U64 => "u64",
            Scalar::I8 => "i8",
            Scalar::I16 => "i16",
            Scalar::I32 => "i32",
            Scalar::I64 => "i64",
            Scalar::F32 => "f32",
            Scalar::F64 => "f64",
        }
    }

    /// Size in memory, in bytes; also the alignment.
    pub fn bytes(self) -> u64 {
        match self {
            Scalar::Bool | Scalar::U8 | Scalar::I8 => 1,
            Scalar::U16 | Scalar::I16 => 2,
            Scalar::U32 | Scalar::I32 | Scalar::F32 => 4,
            Scalar::U64 | Scalar::I64 | Scalar::F64 => 8,
        }
    }

    /// Whether it is an integer type (not bool).
    pub fn is_integer(self) -> bool {
        !matches!(self, Scalar::Bool | Scalar::F32 | Scalar::F64)
    }

    /// Whether it is a signed integer type.
    pub fn is_signed(self) -> bool {
        matches!(self, Scalar::I8 | Scalar::I16 | Scalar::I32 | Scalar::I64)
    }

    /// The unsigned integer of the same width.
    pub fn unsigned(self) -> Scalar {
        match self.bytes() {
            1 => Scalar::U8,
            2 => Scalar::U16,
            4 => Scalar::U32,
            _ => Scalar::U64,
        }
    }

    /// Whether it is `f32` or `f64`.
    pub fn is_float(self) -> bool {
        matches!(self, Scalar::F32 | Scalar::F64)
    }
}

/// Whose memory a pointer reaches.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Space {
    /// This GPU's global memory: `Global<T>`.
    Global,
    /// The block's shared memory: `Shared<T>`.
    Shared,
    /// Another rank's (or this rank's) symmetric memory: `Peer<T>`. Same PTX space as `Global`;
    /// never cached with `.nc`.
    Peer,
}

/// An array length that is known when PTX is made.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Size {
    /// A number.
    Literal(u64),
    /// A const generic of the enclosing function.
    Parameter(String),
    /// A constant item.
    Constant(Path),
}

/// A type.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Type {
    /// `()`.
    Unit,
    /// A type parameter of the enclosing struct or function; linking puts a type in its place.
    Parameter(String),
    /// A scalar in one register.
    Scalar(Scalar),
    /// A struct: one register per scalar in it.
    Struct(Path),
    /// An enum without payload, in one register of the scalar type that holds its discriminants.
    Enum(Path, Scalar),
    /// `(A, B)`.
    Tuple(Vec<Type>),
    /// `[T; N]` in registers.
    Array(Box<Type>, Size),
    /// `Global<T>`, `Shared<T>` or `Peer<T>`: 64-bit address, 32-bit for `Shared`.
    Pointer(Space, Box<Type>),
    /// `Peers<T>`: the address of a table of 64-bit addresses in this GPU's memory, one per rank.
    Peers(Box<Type>),
    /// `GlobalSlice<T>` and its kind: a [`Type::Pointer`], which is the one inside, and how many
    /// elements it reaches (`u64`).
    Slice(Box<Type>),
}

/// The type of a slice's length.
const LENGTH: Type = Type::Scalar(Scalar::U64);

impl Type {
    /// Whether a launch can pass it to a kernel; `fields` gives the types of a struct's fields.
    pub fn is_launchable(&self, fields: &impl Fn(&Type) -> Vec<Type>) -> bool {
        // Each struct is looked at once, also one that contains itself, which is reported
        // elsewhere.
        let (mut seen, mut rest) = (Vec::new(), vec![self.clone()]);
        while let Some(ty) = rest.pop() {
            match &ty {
                Type::Scalar(_) | Type::Peers(_) | Type::Parameter(_) => {}
                Type::Pointer(space, _) if *space != Space::Shared => {}
                Type::Slice(pointer) => rest.push((**pointer).clone()),
                Type::Struct(_) if seen.contains(&ty) => {}
                Type::Struct(_) => {
                    rest.extend(fields(&ty));
                    seen.push(ty);
                }
                _ => return false,
            }
        }
        true
    }

    /// The type with arguments in place of type parameters.
    pub fn with(&self, parameters: &[TypeParameter], arguments: &[Type]) -> Type {
        let part = |ty: &Type| ty.with(parameters, arguments);
        let inner = |ty: &Type| Box::new(part(ty));
        match self {
            Type::Unit | Type::Scalar(_) | Type::Enum(..) => self.clone(),
            Type::Parameter(name) => {
                let position = parameters.iter().position(|parameter| parameter.name == *name);
                position.and_then(|position| arguments.get(position)).unwrap_or(self).clone()
            }
            Type::Struct(path) => {
                Type::Struct(Path { arguments: path.arguments.iter().map(part).collect(), ..path.clone() })
            }
            Type::Tuple(parts) => Type::Tuple(parts.iter().map(part).collect()),
            Type::Array(element, size) => Type::Array(inner(element), size.clone()),
            Type::Pointer(space, pointee) => Type::Pointer(*space, inner(pointee)),
            Type::Peers(pointee) => Type::Peers(inner(pointee)),
            Type::Slice(pointer) => Type::Slice(inner(pointer)),
        }
    }

    /// Pointer and length, if this is a slice: its fields 0 and 1.
    pub fn slice_parts(&self) -> Option<[&Type; 2]> {
        match self {
            Type::Slice(pointer) => Some([pointer, &LENGTH]),
            _ => None,
        }
    }

    /// The scalar that one register holds: of a scalar itself, or of an enum.
    pub fn scalar(&self) -> Option<Scalar> {
        match self {
            Type::Scalar(scalar) | Type::Enum(_, scalar) => Some(*scalar),
            _ => None,
        }
    }
}

/// A `#[repr(C)]` struct of `Copy` fields.
#[derive(Clone, Debug, PartialEq)]
pub struct StructDefinition {
    /// Item name.
    pub name: String,
    /// What its fields are generic over.
    pub type_parameters: Vec<TypeParameter>,
    /// Fields in order, laid out as C does.
    pub fields: Vec<Field>,
    /// `#[repr(C, align(N))]`: at least this alignment in bytes; 1 when not stated.
    pub align: u64,
    /// Where it is defined.
    pub span: super::Span,
}

/// A field of a struct. A tuple struct's fields are called `0`, `1`, ...
#[derive(Clone, Debug, PartialEq)]
pub struct Field {
    /// Name.
    pub name: String,
    /// Type.
    pub ty: Type,
}

/// An `enum` whose variants have no payload. A value is an integer expression of the enum's type.
#[derive(Clone, Debug, PartialEq)]
pub struct EnumDefinition {
    /// Item name.
    pub name: String,
    /// What holds the discriminants.
    pub scalar: Scalar,
    /// Whether `#[repr(..)]` states that: only then values may lie in memory.
    pub stated: bool,
    /// Variants in source order with their discriminants.
    pub variants: Vec<(String, i128)>,
    /// Where it is defined.
    pub span: super::Span,
}

/// As Rust writes it, with items by their bare names.
impl fmt::Display for Type {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Type::Unit => f.write_str("()"),
            Type::Scalar(scalar) => f.write_str(scalar.name()),
            Type::Parameter(name) => f.write_str(name),
            Type::Struct(path) | Type::Enum(path, _) => f.write_str(&path.name()),
            Type::Tuple(parts) => {
                let parts: Vec<String> = parts.iter().map(Type::to_string).collect();
                write!(f, "({})", parts.join(", "))
            }
            Type::Array(element, Size::Literal(length)) => write!(f, "[{element}; {length}]"),
            Type::Array(element, Size::Parameter(name)) => write!(f, "[{element}; {name}]"),
            Type::Array(element, Size::Constant(path)) => write!(f, "[{element}; {}]", path.item),
            Type::Pointer(space, pointee) => write!(f, "{space:?}<{pointee}>"),
            Type::Peers(pointee) => write!(f, "Peers<{pointee}>"),
            Type::Slice(pointer) => match &**pointer {
                Type::Pointer(space, element) => write!(f, "{space:?}Slice<{element}>"),
                other => write!(f, "slice of {other}"),
            },
        }
    }
}
