//! Module variables and their initial values.

use crossdock_ptx as ptx;

/// A variable as declared: its addresses are names.
pub(super) struct ModuleVariable<'a> {
    pub(super) name: String,
    pub(super) contents: Vec<u8>,
    pub(super) addresses: Vec<Address<'a>>,
    pub(super) read_only: bool,
}

/// An address in an initial value.
pub(super) struct Address<'a> {
    pub(super) at: usize,
    pub(super) bytes: usize,
    pub(super) symbol: &'a str,
    pub(super) addend: i64,
    pub(super) shift: u32,
}

/// Bytes of an element of a type; predicates have none.
pub(super) fn element_bytes(ty: ptx::Type) -> Option<u32> {
    match ty.bits() {
        bits if ty == ptx::Type::Pred || bits < 8 => None,
        bits => Some(bits / 8),
    }
}

/// Bytes of a variable; `None` when its size is open (`x[]`) or impossible.
pub(super) fn variable_bytes(variable: &ptx::Variable) -> Option<u64> {
    let element = u64::from(element_bytes(variable.ty)?) * u64::from(variable.vector);
    variable.dimensions.iter().try_fold(element, |bytes, &extent| bytes.checked_mul(extent))
}

/// Alignment of a variable: what it states, or its natural one.
pub(super) fn variable_align(variable: &ptx::Variable) -> u32 {
    let natural = element_bytes(variable.ty).unwrap_or(1) * variable.vector;
    variable.align.unwrap_or(natural).max(1)
}

/// A variable with its initial contents.
pub(super) fn variable(variable: &ptx::Variable) -> Result<ModuleVariable<'_>, String> {
    let name = &variable.name;
    if variable.linkage == Some(ptx::Linkage::Extern) {
        return Err(format!("variable `{name}` is `.extern`; modules are not linked, so it must be defined"));
    }
    let (Some(bytes), Some(element)) = (variable_bytes(variable), element_bytes(variable.ty)) else {
        return Err(format!("variable `{name}` has no size"));
    };
    let size = usize::try_from(bytes).ok().filter(|&size| size <= 1 << 32);
    let size =
        size.ok_or_else(|| format!("variable `{name}` has {bytes} bytes; at most 4 GiB are possible"))?;
    let mut contents = Vec::new();
    let mut addresses = Vec::new();
    for value in &variable.initializer {
        append(value, element as usize, &mut contents, &mut addresses)
            .map_err(|reason| format!("variable `{name}`: {reason}"))?;
    }
    if contents.len() > size {
        return Err(format!("variable `{name}` has {size} bytes, its initial value {}", contents.len()));
    }
    contents.resize(size, 0);
    let read_only = variable.space == ptx::Space::Const;
    Ok(ModuleVariable { name: name.clone(), contents, addresses, read_only })
}

/// Puts a value after `contents`; addresses are filled in when a module is loaded.
fn append<'a>(
    value: &'a ptx::Operand,
    element: usize,
    contents: &mut Vec<u8>,
    addresses: &mut Vec<Address<'a>>,
) -> Result<(), String> {
    match value {
        ptx::Operand::Integer(value) if element <= 16 => {
            contents.extend_from_slice(&value.to_le_bytes()[..element]);
        }
        ptx::Operand::Float32(bits) if element == 4 => contents.extend_from_slice(&bits.to_le_bytes()),
        ptx::Operand::Float64(bits) if element == 8 => contents.extend_from_slice(&bits.to_le_bytes()),
        ptx::Operand::Float64(bits) if element == 4 => {
            contents.extend_from_slice(&(f64::from_bits(*bits) as f32).to_le_bytes());
        }
        ptx::Operand::Vector(values) | ptx::Operand::List(values) => {
            for value in values {
                append(value, element, contents, addresses)?;
            }
        }
        ptx::Operand::Symbol(name, addend) | ptx::Operand::Generic(name, addend) if element == 8 => {
            addresses.push(Address { at: contents.len(), bytes: 8, symbol: name, addend: *addend, shift: 0 });
            contents.extend_from_slice(&[0; 8]);
        }
        ptx::Operand::Masked { mask, address } if element <= 8 => {
            let (ptx::Operand::Symbol(name, addend) | ptx::Operand::Generic(name, addend)) = &**address
            else {
                return Err(format!("`{address}` is no address"));
            };
            let (shift, ones) = (mask.trailing_zeros(), mask.count_ones());
            if ones as usize != 8 * element || mask.checked_shr(shift).unwrap_or(0).count_zeros() + ones != 64
            {
                return Err(format!("the mask {mask:#x} does not choose {element} neighbouring bytes"));
            }
            addresses.push(Address {
                at: contents.len(),
                bytes: element,
                symbol: name,
                addend: *addend,
                shift,
            });
            contents.extend_from_slice(&[0; 8][..element]);
        }
        other => return Err(format!("initial value `{other}` is not a number or an address")),
    }
    Ok(())
}
