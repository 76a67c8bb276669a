//! Writes types.

use std::fmt::Write;

use super::Printer;
use crate::ir::{Path, Size, Space, Type};
use crate::text::spelling::{POINTERS, is_plain, scalar, write_quoted};

impl Printer<'_> {
    pub(super) fn ty(&mut self, ty: &Type) {
        match ty {
            Type::Unit => self.word("()"),
            Type::Scalar(scalar) => self.word(scalar.name()),
            Type::Parameter(name) => {
                let means_more = POINTERS.contains(&name.as_str()) || scalar(name).is_some();
                match self.known.is_type_parameter(name) && is_plain(name) && !means_more {
                    true => self.word(name),
                    false => write_quoted(&mut self.out, name),
                }
            }
            Type::Struct(path) => self.struct_path(path),
            Type::Enum(path, scalar) => {
                self.path(path);
                self.word("#");
                self.word(scalar.name());
            }
            Type::Tuple(parts) => {
                self.word("(");
                self.separated(parts, Self::ty);
                self.word(if parts.len() < 2 { ",)" } else { ")" });
            }
            Type::Array(element, size) => {
                self.word("[");
                self.ty(element);
                self.word("; ");
                self.size(size);
                self.word("]");
            }
            Type::Pointer(space, pointee) => {
                self.word(match space {
                    Space::Global => "Global<",
                    Space::Shared => "Shared<",
                    Space::Peer => "Peer<",
                });
                self.ty(pointee);
                self.word(">");
            }
            Type::Peers(pointee) => {
                self.word("Peers<");
                self.ty(pointee);
                self.word(">");
            }
            Type::Slice(pointer) => match &**pointer {
                Type::Pointer(space, element) => {
                    self.word(match space {
                        Space::Global => "GlobalSlice<",
                        Space::Shared => "SharedSlice<",
                        Space::Peer => "PeerSlice<",
                    });
                    self.ty(element);
                    self.word(">");
                }
                other => self.ty(other),
            },
        }
    }

    /// The path of a struct with its type arguments.
    pub(super) fn struct_path(&mut self, path: &Path) {
        self.path(path);
        if !path.arguments.is_empty() {
            self.word("<");
            self.separated(&path.arguments, Self::ty);
            self.word(">");
        }
    }

    pub(super) fn size(&mut self, size: &Size) {
        match size {
            Size::Literal(count) => {
                let _ = write!(self.out, "{count}");
            }
            Size::Parameter(name) => self.name(name),
            Size::Constant(path) => self.path(path),
        }
    }
}
