//! Final names: registers after Rust bindings, temporaries after their class, labels after their
//! construct.

use rustc_hash::{FxHashMap, FxHashSet};

use super::{Assembly, Class, Label, Line, Register};

/// The final names of a body.
#[derive(Debug)]
pub(super) struct Names {
    registers: Vec<Option<String>>,
    labels: Vec<Option<String>>,
    /// How many temporaries each class has, in class order.
    pub(super) temporaries: Vec<(Class, &'static str, u32)>,
    /// Named registers in order of appearance.
    pub(super) bindings: Vec<(Class, String)>,
}

const CLASSES: [(Class, &str); 7] = [
    (Class::Predicate, "p"),
    (Class::Bits16, "h"),
    (Class::Bits32, "r"),
    (Class::Bits64, "rd"),
    (Class::Bits128, "rq"),
    (Class::Float32, "f"),
    (Class::Float64, "fd"),
];

/// Special registers (PTX ISA section 10) whose names a binding could have.
const SPECIAL: [&str; 21] = [
    "tid",
    "ntid",
    "laneid",
    "warpid",
    "nwarpid",
    "ctaid",
    "nctaid",
    "smid",
    "nsmid",
    "gridid",
    "clock",
    "clock_hi",
    "clock64",
    "globaltimer",
    "globaltimer_lo",
    "globaltimer_hi",
    "clusterid",
    "nclusterid",
    "cluster_ctaid",
    "cluster_nctaid",
    "aggr_smem_size",
];
const SPECIAL_PREFIXES: [&str; 9] = [
    "lanemask_",
    "envreg",
    "pm",
    "cluster_",
    "is_explicit_cluster",
    "dynamic_smem_size",
    "total_smem_size",
    "reserved_smem_",
    "current_graph_exec",
];

impl Names {
    /// Names everything that the body mentions, in order of appearance.
    pub(super) fn of(body: &Assembly) -> Names {
        let mut names = Names {
            registers: vec![None; body.registers.len()],
            labels: vec![None; body.labels.len()],
            temporaries: CLASSES.iter().map(|(class, prefix)| (*class, *prefix, 0)).collect(),
            bindings: Vec::new(),
        };
        let mut taken = FxHashSet::default();
        let mut next_suffix = FxHashMap::default();
        let mut constructs: FxHashMap<u32, usize> = FxHashMap::default();
        for line in &body.lines {
            let mut name =
                |register: Register| names.name_register(body, register, &mut taken, &mut next_suffix);
            match line {
                Line::Instruction(instruction) => {
                    instruction.guard.iter().for_each(|(register, _)| name(*register));
                    instruction.arguments.iter().for_each(|argument| argument.registers(&mut name));
                }
                Line::Branch(Some((register, _)), _) | Line::Return(Some((register, _))) => name(*register),
                _ => {}
            }
            if let Line::Label(label) = line {
                // Labels of one construct have one number.
                let (kind, construct) = body.labels[label.0 as usize];
                let next = constructs.len() + 1;
                let number = *constructs.entry(construct).or_insert(next);
                names.labels[label.0 as usize] = Some(format!("${kind}_{number}"));
            }
        }
        names
    }

    fn name_register(
        &mut self,
        body: &Assembly,
        register: Register,
        taken: &mut FxHashSet<String>,
        next_suffix: &mut FxHashMap<String, u32>,
    ) {
        if self.registers[register.0 as usize].is_some() {
            return;
        }
        let info = &body.registers[register.0 as usize];
        let name = match &info.name {
            Some(binding) => {
                let base = identifier(binding);
                let mut candidate = base.clone();
                while is_reserved(&candidate) || taken.contains(&candidate) {
                    let suffix = next_suffix.entry(base.clone()).or_insert(1);
                    *suffix += 1;
                    candidate = format!("{base}_{suffix}");
                }
                taken.insert(candidate.clone());
                let name = format!("%{candidate}");
                self.bindings.push((info.class, name.clone()));
                name
            }
            None => {
                let temporary = self.temporaries.iter_mut().find(|(class, ..)| *class == info.class);
                let (_, prefix, count) = temporary.expect("every class has a prefix");
                *count += 1;
                format!("%{prefix}{count}")
            }
        };
        self.registers[register.0 as usize] = Some(name);
    }

    /// The name of a register that the body mentions.
    pub(super) fn register(&self, register: Register) -> String {
        self.registers[register.0 as usize].clone().expect("every mentioned register was named")
    }

    /// The name of a label that the body places.
    pub(super) fn label(&self, label: Label) -> String {
        self.labels[label.0 as usize].clone().expect("every branch target is placed")
    }
}

/// A Rust name as a PTX identifier: other characters become underscores.
pub(in crate::back) fn identifier(name: &str) -> String {
    let name = name.strip_prefix("r#").unwrap_or(name);
    let mut text: String =
        name.chars().map(|c| if c.is_ascii_alphanumeric() || c == '_' { c } else { '_' }).collect();
    if text.is_empty() || text.starts_with(|c: char| c.is_ascii_digit()) || text.bytes().all(|b| b == b'_') {
        text.insert_str(0, "value");
    }
    text
}

fn is_reserved(name: &str) -> bool {
    let is_temporary = CLASSES.iter().any(|(_, prefix)| {
        name.strip_prefix(prefix)
            .is_some_and(|rest| !rest.is_empty() && rest.bytes().all(|b| b.is_ascii_digit()))
    });
    is_temporary || SPECIAL.contains(&name) || SPECIAL_PREFIXES.iter().any(|prefix| name.starts_with(prefix))
}
