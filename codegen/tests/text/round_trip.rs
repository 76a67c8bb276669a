//! What is printed reads back as the same module.

use std::collections::{BTreeMap, HashSet};

use crossdock_codegen::ir::{
    Constant, Expr, ExprKind, Intrinsic, Module, Order, Scalar, Scope, Span, StatementKind, Type,
};
use crossdock_codegen::text::{parse, print};
use proptest::prelude::*;
use proptest::strategy::ValueTree;
use proptest::test_runner::TestRunner;

use crate::random;

fn assert_round_trip(module: &Module) {
    let text = print(module);
    match parse(&text) {
        Ok(read) => {
            assert_eq!(&read, module, "\n{text}");
            assert_eq!(print(&read), text);
        }
        Err(error) => panic!("{error}\n{text}"),
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, ..ProptestConfig::default() })]

    #[test]
    fn well_formed_modules_round_trip(modules in random::well_formed(2000)) {
        modules.iter().for_each(assert_round_trip);
    }

    #[test]
    fn arbitrary_modules_round_trip(module in random::arbitrary(2000)) {
        assert_round_trip(&module);
    }
}

/// Every intrinsic, with every order and scope, also those that PTX lacks.
fn intrinsics() -> Vec<Intrinsic> {
    let mut all = Vec::new();
    for &intrinsic in Intrinsic::all() {
        for &order in Order::ALL {
            all.extend(Scope::ALL.iter().map(|scope| intrinsic.stated(order, *scope)));
        }
    }
    let mut known = HashSet::new();
    all.retain(|intrinsic| known.insert(*intrinsic));
    all
}

#[test]
fn every_intrinsic_round_trips() {
    let names: Vec<_> = intrinsics()
        .into_iter()
        .map(|intrinsic| {
            let module = module_with(intrinsic_constant(intrinsic));
            assert_round_trip(&module);
            print(&module)
        })
        .collect();
    for (position, name) in names.iter().enumerate() {
        assert!(!names[..position].contains(name), "two intrinsics print alike: {name}");
    }
}

fn intrinsic_constant(intrinsic: Intrinsic) -> Constant {
    let kind = ExprKind::Intrinsic(intrinsic, Vec::new());
    let value = Expr { kind, ty: Type::Unit, span: Span::default() };
    Constant { name: "X".to_string(), ty: Type::Unit, value, span: Span::default() }
}

fn module_with(constant: Constant) -> Module {
    Module {
        name: "m".to_string(),
        file: String::new(),
        imports: Vec::new(),
        structs: Vec::new(),
        enums: Vec::new(),
        constants: vec![constant],
        functions: Vec::new(),
        lines: BTreeMap::new(),
    }
}

/// The bits of floats that decimal notation loses.
#[test]
fn floats_keep_their_bits() {
    for bits in [0, 1, 0x7fc0_0001, 0xffc0_0000, 0x8000_0000, 0x7f80_0000, 0x3dcc_cccd] {
        let value =
            Expr { kind: ExprKind::Float(bits), ty: Type::Scalar(Scalar::F32), span: Span::default() };
        let constant = Constant { name: "X".to_string(), ty: value.ty.clone(), value, span: Span::default() };
        assert_round_trip(&module_with(constant));
    }
}

/// People may write decimals, comments and other white space than the printer does.
#[test]
fn hand_written_text_reads() {
    let text = "
        module package::scale::code; // no file
        const HALF: f32 = 0.5f32;
        const LESS: f64 = -2.5f64;
        fn scale(x#0: f32)
            -> f32
        {
            let y#1 = x#0 * self::HALF;
            if (y#1 < -1.0f32) | (y#1 > 1.0f32) { return x#0; }
            return mul_add(y#1, y#1, 0x3f800000_f32);
        }";
    let module = parse(text).expect("it is IR");
    assert_eq!(module.constants[0].value.kind, ExprKind::Float(0.5f32.to_bits().into()));
    assert_eq!(module.constants[1].value.kind, ExprKind::Float((-2.5f64).to_bits()));
    let function = &module.functions[0];
    assert_eq!(function.parameters, 1);
    let locals: Vec<_> =
        function.locals.iter().map(|local| (local.name.as_str(), local.ty.scalar())).collect();
    assert_eq!(locals, [("x", Some(Scalar::F32)), ("y", Some(Scalar::F32))]);
    let StatementKind::Return(Some(value)) = &function.body[2].kind else { panic!("a return") };
    assert_eq!(value.ty, Type::Scalar(Scalar::F32));
    assert_round_trip(&module);
}

/// The random modules are worth something: every construct occurs in some of them.
#[test]
fn random_modules_have_every_construct() {
    let mut runner = TestRunner::deterministic();
    let strategy = random::well_formed(2000);
    let mut text = String::new();
    for _ in 0..2500 {
        let modules = strategy.new_tree(&mut runner).expect("a module").current();
        text.extend(modules.iter().map(print));
    }
    let constructs = [
        "let ",
        "_ = ",
        "if ",
        "} else {",
        " else @",
        "loop {",
        "roles {",
        "role \"",
        "#[unroll] for",
        "..=",
        "break;",
        "break 1;",
        "continue;",
        "return;",
        "return ",
        "assert!(",
        "max_registers",
        "const fn",
        "align(16)",
        "line ",
        "new self::",
        "new layout::",
        " as ",
        " << ",
        " +% ",
        " -% ",
        " *% ",
        "enum ",
        "layout::Enum",
        " >= ",
        "select(",
        "; 3]",
        "(-(",
        "!(",
        "::<",
        "true",
        "_f32",
        "_f64",
        "layout::CONSTANT",
        "self::CONSTANT",
        "layout::function",
        "Peers<",
        "Shared<",
        "Global<",
        "Peer<",
        "PARAMETER_1",
        "ptx!(",
        " = inout(",
        " = scratch(",
    ];
    let names = intrinsics().into_iter().map(spelling);
    let missing: Vec<_> = constructs
        .into_iter()
        .map(String::from)
        .chain(names)
        .filter(|construct| !text.contains(construct.as_str()))
        .collect();
    assert!(missing.is_empty(), "not in {} bytes of text: {missing:?}", text.len());
}

/// How a use of the intrinsic begins, up to its order and scope or its arguments.
fn spelling(intrinsic: Intrinsic) -> String {
    let text = print(&module_with(intrinsic_constant(intrinsic)));
    let value = text.split_once(" = ").map_or("", |(_, value)| value);
    value.split_inclusive(['(', ':']).next().unwrap_or_default().to_string()
}
