//! What a macro can evaluate: integers, bools and the operators on them, as written. A named
//! constant is a name to a macro, and nothing more.

use syn::spanned::Spanned;
use syn::{BinOp, Error, Expr, ExprBinary, ExprLit, ExprUnary, Lit, Result, UnOp};

/// The value of a constant expression; bools are 0 and 1.
pub(crate) fn number(value: &Expr) -> Result<i128> {
    let refused = |message: &str| Err(Error::new_spanned(value, message));
    match value {
        Expr::Group(group) => number(&group.expr),
        Expr::Paren(inner) => number(&inner.expr),
        Expr::Lit(ExprLit { lit: Lit::Int(integer), .. }) => integer.base10_parse(),
        Expr::Lit(ExprLit { lit: Lit::Bool(boolean), .. }) => Ok(i128::from(boolean.value)),
        Expr::Lit(_) => refused("a const parameter is an integer or a bool: write `128` or `true`"),
        Expr::Unary(ExprUnary { op: UnOp::Neg(_), expr, .. }) => {
            number(expr)?.checked_neg().map_or_else(|| refused(OVERFLOWS), Ok)
        }
        Expr::Unary(ExprUnary { op: UnOp::Not(_), expr, .. }) => match number(expr)? {
            value @ (0 | 1) if is_bool(expr) => Ok(1 - value),
            _ => refused("`!` of an integer depends on its width: write the integer that you mean"),
        },
        Expr::Binary(ExprBinary { left, op, right, .. }) => {
            let (first, second) = (number(left)?, number(right)?);
            match binary(op, first, second) {
                Some(Some(value)) => Ok(value),
                Some(None) => refused(OVERFLOWS),
                None => refused("a macro cannot evaluate this operator: write the value that it gives"),
            }
        }
        Expr::Path(path) => {
            let name = path.path.segments.last().map(|segment| segment.ident.to_string()).unwrap_or_default();
            let message = format!(
                "a macro cannot see the value of `{name}`: write the number itself, or specialise at run time"
            );
            Err(Error::new(path.span(), message))
        }
        _ => refused("a macro cannot evaluate this: write integers, `true`, `false` and operators on them"),
    }
}

const OVERFLOWS: &str = "this overflows or divides by zero: write a value that fits";

fn is_bool(value: &Expr) -> bool {
    match value {
        Expr::Group(group) => is_bool(&group.expr),
        Expr::Paren(inner) => is_bool(&inner.expr),
        Expr::Lit(ExprLit { lit: Lit::Bool(_), .. }) | Expr::Unary(ExprUnary { op: UnOp::Not(_), .. }) => {
            true
        }
        Expr::Binary(ExprBinary { op, left, right, .. }) => match op {
            BinOp::Eq(_) | BinOp::Ne(_) | BinOp::Lt(_) | BinOp::Le(_) | BinOp::Gt(_) | BinOp::Ge(_) => true,
            BinOp::And(_) | BinOp::Or(_) => true,
            BinOp::BitAnd(_) | BinOp::BitOr(_) | BinOp::BitXor(_) => is_bool(left) && is_bool(right),
            _ => false,
        },
        _ => false,
    }
}

/// `None` for other operators, `Some(None)` when there is no value.
fn binary(op: &BinOp, left: i128, right: i128) -> Option<Option<i128>> {
    let shift = || u32::try_from(right).ok();
    let truth = |holds: bool| Some(i128::from(holds));
    Some(match op {
        BinOp::Add(_) => left.checked_add(right),
        BinOp::Sub(_) => left.checked_sub(right),
        BinOp::Mul(_) => left.checked_mul(right),
        BinOp::Div(_) => left.checked_div(right),
        BinOp::Rem(_) => left.checked_rem(right),
        BinOp::Shl(_) => shift().filter(|bits| *bits < 64).and_then(|bits| left.checked_mul(1 << bits)),
        BinOp::Shr(_) => shift().and_then(|bits| left.checked_shr(bits)),
        BinOp::BitAnd(_) => Some(left & right),
        BinOp::BitOr(_) => Some(left | right),
        BinOp::BitXor(_) => Some(left ^ right),
        BinOp::Eq(_) => truth(left == right),
        BinOp::Ne(_) => truth(left != right),
        BinOp::Lt(_) => truth(left < right),
        BinOp::Le(_) => truth(left <= right),
        BinOp::Gt(_) => truth(left > right),
        BinOp::Ge(_) => truth(left >= right),
        BinOp::And(_) => truth(left != 0 && right != 0),
        BinOp::Or(_) => truth(left != 0 || right != 0),
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::number;

    fn value(text: &str) -> Result<i128, String> {
        number(&syn::parse_str(text).expect("an expression")).map_err(|error| error.to_string())
    }

    #[test]
    #[allow(clippy::nonminimal_bool)]
    fn agrees_with_rustc() {
        macro_rules! same {
            ($($expression:expr;)+) => { $(assert_eq!(value(stringify!($expression)), Ok(i128::from($expression)));)+ };
        }
        same! {
            7 * 1024; (56 + 8) << 7; -7 / 2; -7 % 3; 1 << 20 >> 3; 0xff & 0x3c | 1; 6 ^ 3; 7168 / 128 - 1;
            true; !false; 3 < 4 && !(2 >= 3); (1 == 2) | true; 1_000u32; 16 != 4 * 4;
        }
    }

    #[test]
    fn says_what_it_cannot_evaluate() {
        for (text, start) in [
            ("HIDDEN", "a macro cannot see the value of `HIDDEN`"),
            ("shapes::HIDDEN * 2", "a macro cannot see the value of `HIDDEN`"),
            ("1 / 0", "this overflows"),
            ("1 << 200", "this overflows"),
            ("170141183460469231731687303715884105727 + 1", "this overflows"),
            ("!7", "`!` of an integer"),
            ("1.5", "a const parameter is an integer or a bool"),
            ("\"7\"", "a const parameter is an integer or a bool"),
            ("f(3)", "a macro cannot evaluate this"),
            ("{ 3 }", "a macro cannot evaluate this"),
            ("x += 1", "a macro cannot see"),
        ] {
            let message = value(text).expect_err(text);
            assert!(message.starts_with(start), "{text}: {message}");
        }
    }
}
