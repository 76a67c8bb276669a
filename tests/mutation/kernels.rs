//! Every kernel that ships, for one shape and target, one of them perhaps a mutant.

use std::sync::Arc;

use crossdock::{CompileOptions, Gate, KernelSet, LogitFormat, RouterKernel, ScoreFunction};

use crate::cases::Tried;

/// The kernels of a round, and the router before it.
#[derive(Clone)]
pub(crate) struct Kernels {
    pub(crate) set: Arc<KernelSet>,
    pub(crate) router: Arc<RouterKernel>,
}

impl Kernels {
    pub(crate) fn new(tried: &Tried) -> Kernels {
        let shape = tried.case.shape();
        let options = CompileOptions::new(tried.target, None).expect("a target");
        let gate = Gate {
            experts: shape.experts,
            groups: 1,
            top_groups: 1,
            top_k: shape.top_k,
            score: ScoreFunction::Softmax,
            biased: false,
            normalised: true,
            logits: LogitFormat::F32,
        };
        Kernels {
            set: KernelSet::jit_for(shape, options).expect("the shape is possible"),
            router: RouterKernel::jit_for(gate, options).expect("the gate is possible"),
        }
    }

    /// Names and PTX.
    pub(crate) fn ptx(&self) -> Vec<(&'static str, &str)> {
        let mut all = self.set.ptx().to_vec();
        all.push((self.router.router.name(), &*self.router.router.ptx));
        all.push((self.router.table_router.name(), &*self.router.table_router.ptx));
        all
    }

    /// The same with a router whose choices do not exist.
    pub(crate) fn with_wrong_router(&self) -> Kernels {
        let (name, text) = (self.router.router.name(), &self.router.router.ptx);
        let is_choice = |line: &str| {
            let line = line.trim_start();
            line.starts_with("st.global.") && !line.starts_with("st.global.f32")
        };
        assert_eq!(text.lines().filter(|line| is_choice(line)).count(), 1, "the store of the chosen expert");
        let changed: Vec<String> = text
            .lines()
            .map(|line| match line.rsplit_once(',') {
                Some((store, _)) if is_choice(line) => format!("{store}, {};", self.router.gate.experts),
                _ => line.to_owned(),
            })
            .collect();
        self.with(name, &changed.join("\n"))
    }

    /// The same with other PTX for one of them.
    pub(crate) fn with(&self, name: &str, text: &str) -> Kernels {
        let mut changed = self.clone();
        if name == self.router.router.name() {
            Arc::make_mut(&mut changed.router).router.ptx = text.to_owned().into();
        } else if name == self.router.table_router.name() {
            Arc::make_mut(&mut changed.router).table_router.ptx = text.to_owned().into();
        } else {
            changed.set = Arc::new(self.set.with_ptx(name, text.to_owned()).expect("a kernel of this name"));
        }
        changed
    }
}
