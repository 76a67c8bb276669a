//! Printing and parsing are inverse, and the parser accepts what assemblers accept.

use crossdock_ptx::{Instruction, Item, Module, Statement, parse, table};

fn module_with(lines: &str) -> String {
    format!(".version 9.1\n.target sm_100a\n.address_size 64\n\n.visible .entry kernel()\n{{\n{lines}}}\n")
}

fn instructions(module: &Module) -> Vec<&Instruction> {
    let Some(Item::Function(function)) = module.items.last() else { panic!("the last item is the kernel") };
    let statements = function.body.as_deref().unwrap_or_default().iter();
    statements.filter_map(|s| if let Statement::Instruction(i) = s { Some(i) } else { None }).collect()
}

#[test]
fn every_example_of_every_row_round_trips() {
    for row in table::rows() {
        for example in table::examples(row) {
            let text = module_with(&format!("    {};\n", example.instruction));
            let module = parse(&text).unwrap_or_else(|error| panic!("{text}{error}"));
            assert_eq!(instructions(&module), [&example.instruction], "{text}");
            assert_eq!(module.to_string(), text);
        }
    }
}

#[test]
fn modifiers_may_stand_in_any_order_but_types_keep_theirs() {
    let is_type = |m: &str| crossdock_ptx::Type::from_modifier(m).is_some();
    for row in table::rows() {
        for example in table::examples(row) {
            let modifiers = &example.instruction.opcode.modifiers;
            let mut reordered: Vec<&str> = modifiers.iter().rev().copied().filter(|m| !is_type(m)).collect();
            reordered.extend(modifiers.iter().copied().filter(|m| is_type(m)));
            let opcode = std::iter::once(row.name).chain(reordered).collect::<Vec<_>>().join(".");
            let parsed = Instruction::new(&opcode, example.instruction.operands.clone());
            assert_eq!(parsed.as_ref(), Ok(&example.instruction), "{opcode}");
        }
    }
}

#[test]
fn types_of_a_conversion_are_not_swapped() {
    let text = module_with(
        "    .reg .b32 %r<2>;\n    .reg .f32 %f<2>;\n    slct.f32.s32 %f0, %f0, %f1, %r0;\n    set.eq.u32.f32 %r0, %f0, %f1;\n",
    );
    let module = parse(&text).expect("both are legal");
    assert_eq!(module.to_string(), text);
}

#[test]
fn compiler_output_parses_checks_and_settles_after_one_print() {
    let module = parse(include_str!("fixtures/compiler.ptx")).unwrap_or_else(|error| panic!("{error}"));
    module.check().unwrap_or_else(|errors| panic!("{errors:#?}"));
    let printed = module.to_string();
    assert_eq!(parse(&printed).as_ref(), Ok(&module), "{printed}");
    assert_eq!(parse(&printed).map(|m| m.to_string()).as_deref(), Ok(printed.as_str()));
    assert!(printed.contains("\n    ld.acquire.sys.global.v2.u32 {%r2, %r3}, [%rd3-16];\n"), "{printed}");
    assert!(printed.contains("\n    atom.release.gpu.global.add.s32 %r6, [%rd3], 1;\n"), "{printed}");
    assert!(printed.contains("\n    .loc 1 12 0\n"), "{printed}");
    assert!(printed.contains(".global .align 1 .b8 $str[6] = {104, 101, 108, 108, 111, 0};\n"), "{printed}");
    assert!(printed.contains("    .param .u64 .ptr .global .align 16 accumulate_param_0,\n"), "{printed}");
    assert!(!printed.contains("trailing") && !printed.contains("debug_str"), "{printed}");
}

#[test]
fn literals_keep_their_value() {
    let lines = "    .reg .b64 %d<2>;\n    .reg .f32 %f<2>;\n    .reg .f64 %e<2>;\n    mov.b64 %d0, 0xFFFFFFFFFFFFFFFF;\n    \
                 mov.b64 %d0, -0x8000000000000000;\n    mov.b64 %d0, 017;\n    mov.b64 %d0, 0b101U;\n    \
                 mov.f32 %f0, 0F3f800000;\n    mov.f64 %e0, 1.5;\n    mov.f64 %e0, -25e-1;\n    \
                 add.f32 %f0, %f1, 0.5;\n    add.f32 %f0, %f1, .5;\n    fma.rn.f32 %f0, %f1, 2., -1e0;\n    \
                 add.f64 %e0, %e1, 0f3F000000;\n    .loc 1 5 0\n    mov.b64 {%f0, %f1}, %d1;\n";
    let module = parse(&module_with(lines)).unwrap_or_else(|error| panic!("{error}"));
    let printed: Vec<String> = instructions(&module).iter().map(ToString::to_string).collect();
    let expected = [
        "mov.b64 %d0, 18446744073709551615U",
        "mov.b64 %d0, -9223372036854775808",
        "mov.b64 %d0, 15",
        "mov.b64 %d0, 5",
        "mov.f32 %f0, 0f3F800000",
        "mov.f64 %e0, 0d3FF8000000000000",
        "mov.f64 %e0, 0dC004000000000000",
        "add.f32 %f0, %f1, 0d3FE0000000000000",
        "add.f32 %f0, %f1, 0d3FE0000000000000",
        "fma.rn.f32 %f0, %f1, 0d4000000000000000, 0dBFF0000000000000",
        "add.f64 %e0, %e1, 0f3F000000",
        "mov.b64 {%f0, %f1}, %d1",
    ];
    assert_eq!(printed, expected);
}

#[test]
fn the_reference_page_lists_every_form_once() {
    let page = table::reference();
    for row in table::rows() {
        let cells = format!("| `{}` | ", row.grammar.replace('|', "\\|"));
        let operands = format!("`{}`", row.operands.replace('|', "\\|"));
        let lines = page.lines().filter(|line| line.starts_with(&cells));
        let found = lines.filter(|line| row.operands.is_empty() || line.contains(&operands)).count();
        assert_eq!(found, 1, "{} {}", row.grammar, row.operands);
    }
    let columns: std::collections::BTreeSet<usize> = page
        .lines()
        .take_while(|line| !line.starts_with("## Slots"))
        .filter(|line| line.starts_with('|'))
        .map(|line| line.replace("\\|", "").matches('|').count())
        .collect();
    assert_eq!(columns.into_iter().collect::<Vec<_>>(), [7]);
    // Made anew with UPDATE_EXPECT=1.
    expect_test::expect_file!["../../docs/ptx-instructions.md"].assert_eq(&page);
}
