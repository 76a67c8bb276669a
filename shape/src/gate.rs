//! Gates: `experts: 256, groups: 8, top_groups: 4, top_k: 8, score: sigmoid, biased: true,
//! normalised: true, logits: f32`.

use std::fmt;
use std::str::FromStr;

use crate::ConstParameter;
use crate::text::{Error, Fields, Mistake, Words, words};

words! {
    /// From a logit to the score of an expert.
    pub enum ScoreFunction: "score is" {
        /// `1 / (1 + exp(-x))`, each expert for itself, as in DeepSeek-V3.
        Sigmoid = "sigmoid",
        /// `exp(x)` over the sum of all experts' `exp`, as in DeepSeek-V2, Mixtral and Qwen.
        Softmax = "softmax",
        /// The logit itself: plain top-k of scores that you computed.
        Identity = "identity",
        /// `sqrt(ln(1 + exp(x)))`, each expert for itself, as in DeepSeek-V4. It does not saturate.
        SqrtSoftplus = "sqrtsoftplus",
        /// Top-k first: `exp(x)` over the sum of the chosen experts' `exp`, as in gpt-oss. With a
        /// bias, experts are chosen by `x + bias`. The weights sum to 1, so `normalised` changes
        /// nothing.
        SoftmaxOfChosen = "softmax_of_chosen",
    }

    /// How logits lie in memory.
    pub enum LogitFormat: "logits are" {
        /// Four bytes each.
        F32 = "f32",
        /// Two bytes each; they are widened, and all arithmetic is in f32.
        Bf16 = "bf16",
    }
}

impl LogitFormat {
    /// Bytes of a logit.
    pub const fn bytes(self) -> u32 {
        match self {
            LogitFormat::F32 => 4,
            LogitFormat::Bf16 => 2,
        }
    }
}

impl Words for bool {
    const WHAT: &'static str = "write";
    const WORDS: &'static [(&'static str, bool)] = &[("true", true), ("false", false)];
}

/// What a router's kernel is specialised for. The number of tokens and the factor on the weights
/// are not part of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Gate {
    /// Logical experts, 1 to 2048.
    pub experts: u32,
    /// Equal groups of consecutive experts, 1 to 32; 1 for none.
    pub groups: u32,
    /// Groups that a token may choose from.
    pub top_groups: u32,
    /// Experts per token, 1 to 32.
    pub top_k: u32,
    /// How experts are scored.
    pub score: ScoreFunction,
    /// Whether each expert has a bias that counts when experts are chosen, but not in the weights.
    /// It also decides how groups are scored: by the sum of their two best with bias, by their best
    /// without. Without bias experts are chosen by their logits, whose order scores keep.
    pub biased: bool,
    /// Whether a token's weights are divided by their sum.
    pub normalised: bool,
    /// How logits are given.
    pub logits: LogitFormat,
}

impl Gate {
    /// DeepSeek-V3: 8 of 256 experts in 4 of 8 groups by biased sigmoids. Its weights are scaled by
    /// 2.5.
    pub const DEEPSEEK_V3: Gate = Gate {
        experts: 256,
        groups: 8,
        top_groups: 4,
        top_k: 8,
        score: ScoreFunction::Sigmoid,
        biased: true,
        normalised: true,
        logits: LogitFormat::F32,
    };

    /// The const parameters of the router's kernel. `SCORES` is the number of the score function
    /// from 0, in the order of their definition.
    pub const fn parameters(&self) -> [ConstParameter; 8] {
        [
            ConstParameter { name: "EXPERTS", value: self.experts, fields: &["experts"] },
            ConstParameter { name: "GROUPS", value: self.groups, fields: &["groups"] },
            ConstParameter { name: "TOP_GROUPS", value: self.top_groups, fields: &["top_groups"] },
            ConstParameter { name: "TOP_K", value: self.top_k, fields: &["top_k"] },
            ConstParameter { name: "SCORES", value: self.score as u32, fields: &["score"] },
            ConstParameter { name: "BIASED", value: self.biased as u32, fields: &["biased"] },
            ConstParameter { name: "NORMALISED", value: self.normalised as u32, fields: &["normalised"] },
            ConstParameter { name: "LOGIT_BYTES", value: self.logits.bytes(), fields: &["logits"] },
        ]
    }
}

impl FromStr for Gate {
    type Err = Error;

    fn from_str(text: &str) -> Result<Gate, Error> {
        let mut fields = Fields::of_text("a gate", text)?;
        let experts = fields.number("experts", 0);
        let groups = fields.number("groups", 0);
        let top_groups = fields.number("top_groups", 0);
        let top_k = fields.number("top_k", 0);
        let (score, biased) = (fields.word("score"), fields.word("biased"));
        let (normalised, logits) = (fields.word("normalised"), fields.word("logits"));
        let missing = [
            ("experts: 256", experts.is_none()),
            ("groups: 8", groups.is_none()),
            ("top_groups: 4", top_groups.is_none()),
            ("top_k: 8", top_k.is_none()),
            ("score: sigmoid", score.is_none()),
            ("biased: true", biased.is_none()),
            ("normalised: true", normalised.is_none()),
            ("logits: f32", logits.is_none()),
        ];
        let mut mistakes = fields.finish();
        mistakes.extend(Mistake::missing(text, &missing));
        let gate = || {
            Some(Gate {
                experts: experts?,
                groups: groups?,
                top_groups: top_groups?,
                top_k: top_k?,
                score: score?,
                biased: biased?,
                normalised: normalised?,
                logits: logits?,
            })
        };
        gate().filter(|_| mistakes.is_empty()).ok_or(Error(mistakes))
    }
}

impl fmt::Display for Gate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Gate { experts, groups, top_groups, top_k, score, biased, normalised, logits } = self;
        write!(f, "experts: {experts}, groups: {groups}, top_groups: {top_groups}, top_k: {top_k}, ")?;
        write!(f, "score: {score}, biased: {biased}, normalised: {normalised}, logits: {logits}")
    }
}
