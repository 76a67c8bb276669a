//! Operands as register slots; constants and special registers are registers with a preset value.

use crossdock_ptx as ptx;
use ptx::Operand;

use super::builder::{Builder, Register, Symbol};
use crate::code::{LaneMask, Preset};
use crate::memory::window;
use crate::op::{Address, ClockRead, Comparison, Data, IntegerBinary, Op, Space, Type};
use crate::register::{Bank, NONE, PredicateSource, Slot};

/// A special register that reads a clock: which, and whether it has 64 bits.
pub(crate) fn clock(name: &str) -> Option<(ClockRead, bool)> {
    Some(match name {
        "%clock" => (ClockRead::Cycles, false),
        "%clock_hi" => (ClockRead::CyclesHigh, false),
        "%clock64" => (ClockRead::Cycles, true),
        "%globaltimer" => (ClockRead::Nanoseconds, true),
        "%globaltimer_lo" => (ClockRead::Nanoseconds, false),
        "%globaltimer_hi" => (ClockRead::NanosecondsHigh, false),
        _ => return None,
    })
}

fn axis(component: &str) -> Option<usize> {
    ["x", "y", "z"].iter().position(|&axis| axis == component)
}

fn special(name: &str) -> Option<Preset> {
    if let Some((register, component)) = name.split_once('.') {
        let axis = axis(component);
        return Some(match (register, axis) {
            ("%tid", Some(axis)) => Preset::Thread(axis),
            ("%ntid", Some(axis)) => Preset::BlockSize(axis),
            ("%ctaid", Some(axis)) => Preset::Block(axis),
            ("%nctaid", Some(axis)) => Preset::Grid(axis),
            ("%clusterid", Some(axis)) => Preset::Cluster(axis),
            ("%nclusterid", Some(axis)) => Preset::Clusters(axis),
            ("%cluster_ctaid", Some(axis)) => Preset::BlockInCluster(axis),
            ("%cluster_nctaid", Some(axis)) => Preset::ClusterSize(axis),
            ("%tid" | "%ctaid" | "%clusterid" | "%cluster_ctaid", None) if component == "w" => {
                Preset::Constant(0)
            }
            _ => return None,
        });
    }
    Some(match name {
        "%laneid" => Preset::Lane,
        "%warpid" => Preset::Warp,
        "%nwarpid" => Preset::Warps,
        "%smid" => Preset::Sm,
        "%nsmid" => Preset::Sms,
        "%gridid" => Preset::GridId,
        "%lanemask_eq" => Preset::LaneMask(LaneMask::Equal),
        "%lanemask_lt" => Preset::LaneMask(LaneMask::Less),
        "%lanemask_le" => Preset::LaneMask(LaneMask::LessEqual),
        "%lanemask_gt" => Preset::LaneMask(LaneMask::Greater),
        "%lanemask_ge" => Preset::LaneMask(LaneMask::GreaterEqual),
        // Where cooperative groups find the words of the grid-wide barrier.
        "%envreg1" => Preset::GridWorkspace(1),
        "%envreg2" => Preset::GridWorkspace(0),
        "%dynamic_smem_size" => Preset::DynamicSharedBytes,
        "%total_smem_size" => Preset::TotalSharedBytes,
        "%cluster_ctarank" => Preset::RankInCluster,
        "%cluster_nctarank" => Preset::BlocksOfCluster,
        _ => return None,
    })
}

impl Builder<'_> {
    fn source_register(&mut self, name: &str) -> Result<Register, String> {
        let register = self.register(name)?;
        self.flow.reads.push((register.bank, register.slot));
        if register.bits == 128 {
            self.flow.reads.push((register.bank, register.slot + 1));
        }
        Ok(register)
    }

    fn destination_register(&mut self, name: &str) -> Result<Register, String> {
        let register = self.register(name)?;
        self.flow.writes.push((register.bank, register.slot));
        if register.bits == 128 {
            self.flow.writes.push((register.bank, register.slot + 1));
        }
        Ok(register)
    }

    /// The address of a symbol in its own space, as a slot of the bank.
    fn symbol_address(&mut self, bank: Bank, name: &str, offset: i64) -> Result<Slot, String> {
        let preset = match self.symbol(name)? {
            Symbol::Local(place) if let Some(base) = self.frame_base() => {
                return self.frame_address(bank, base, i64::from(place).wrapping_add(offset));
            }
            // Kernel parameters and those of functions are different memory: the address tells them
            // apart.
            Symbol::FunctionParameter(place) => {
                let address = window::LOCAL_BASE.wrapping_add(place.into()).wrapping_add(offset as u64);
                match self.frame_base() {
                    Some(base) => return self.frame_address(bank, base, address as i64),
                    None => Preset::Constant(address),
                }
            }
            Symbol::Function(address) => Preset::Constant(address.wrapping_add(offset as u64)),
            Symbol::Shared(place) | Symbol::Local(place) | Symbol::Parameter(place) => {
                Preset::Constant(u64::from(place).wrapping_add(offset as u64))
            }
            Symbol::DynamicShared => Preset::DynamicShared(offset),
            Symbol::Module(index) => Preset::Variable(index, offset),
        };
        self.preset(bank, preset)
    }

    /// The address of a local variable of a subroutine: the frame moves, so it is computed where it
    /// is used.
    fn frame_address(&mut self, bank: Bank, base: Data, offset: i64) -> Result<Slot, String> {
        let flow = std::mem::take(&mut self.flow);
        let guard = std::mem::replace(&mut self.guard, PredicateSource::ALWAYS);
        let address = self.new_register(Type::B64)?.slot;
        let b = self.preset(Bank::Long, Preset::Constant(offset as u64))?;
        self.emit(Op::Binary64 { kind: IntegerBinary::Add, operands: [address, base.slot, b] });
        let slot = if bank == Bank::Word {
            let low = self.new_word()?;
            self.emit(Op::Unpack32 { low, high: NONE, a: address });
            low
        } else {
            address
        };
        (self.flow, self.guard) = (flow, guard);
        Ok(slot)
    }

    fn source(&mut self, bank: Bank, operand: &Operand) -> Result<Slot, String> {
        let kind = if bank == Bank::Word { "32-bit or narrower" } else { "64-bit" };
        match operand {
            Operand::Register(name) if clock(name).is_some() => {
                Err(format!("`{name}` can only be read by `mov`"))
            }
            Operand::Register(name) if name == "%reserved_smem_offset_1" && bank == Bank::Word => {
                self.reserved_shared()
            }
            Operand::Register(name) => {
                if let Some(ty) = ptx::special::type_of(name) {
                    let preset =
                        special(name).ok_or_else(|| format!("special register `{name}` is not provided"))?;
                    self.code.grid_workspace |= matches!(preset, Preset::GridWorkspace(_));
                    // `%gridid` may be read as 32 bits.
                    let wide = ty.bits() == 64;
                    if wide != (bank == Bank::Long) && name != "%gridid" {
                        return Err(format!("special register `{name}` is not {kind}"));
                    }
                    return self.preset(bank, preset);
                }
                let register = self.source_register(name)?;
                if register.bank != bank || register.bits == 128 {
                    return Err(format!("register `{name}` is not {kind}"));
                }
                Ok(register.slot)
            }
            Operand::Integer(value) => {
                let bits = *value as u64;
                self.preset(
                    bank,
                    Preset::Constant(if bank == Bank::Word { bits & 0xffff_ffff } else { bits }),
                )
            }
            Operand::Symbol(name, offset) => self.symbol_address(bank, name, *offset),
            Operand::Float32(bits) if bank == Bank::Word => {
                self.preset(bank, Preset::Constant((*bits).into()))
            }
            Operand::Float64(bits) if bank == Bank::Long => self.preset(bank, Preset::Constant(*bits)),
            Operand::Float64(bits) => {
                let narrow = (f64::from_bits(*bits) as f32).to_bits();
                self.preset(bank, Preset::Constant(narrow.into()))
            }
            Operand::Float32(bits) => {
                let wide = f64::from(f32::from_bits(*bits)).to_bits();
                self.preset(bank, Preset::Constant(wide))
            }
            other => Err(format!("`{other}` is not a {kind} source")),
        }
    }

    /// A source of at most 32 bits.
    pub(crate) fn word(&mut self, operand: &Operand) -> Result<Slot, String> {
        self.source(Bank::Word, operand)
    }

    /// A 64-bit source.
    pub(crate) fn long(&mut self, operand: &Operand) -> Result<Slot, String> {
        self.source(Bank::Long, operand)
    }

    /// A source of the bank that `wide` tells.
    pub(crate) fn value(&mut self, operand: &Operand, wide: bool) -> Result<Slot, String> {
        if wide { self.long(operand) } else { self.word(operand) }
    }

    /// A source register of either bank: `cvt` and `st` allow registers wider than the type.
    pub(crate) fn data(&mut self, operand: &Operand, bits: u32) -> Result<Data, String> {
        if let Operand::Register(name) = operand
            && ptx::special::type_of(name).is_none()
        {
            let register = self.source_register(name)?;
            if register.bank == Bank::Predicate || register.bits < bits.min(16) {
                return Err(format!("register `{name}` does not hold {bits} bits"));
            }
            return Ok(Data { slot: register.slot, long: register.bank == Bank::Long });
        }
        if bits == 128 && *operand != Operand::Sink {
            return Err(format!("`{operand}` is not a 128-bit register"));
        }
        if *operand == Operand::Sink {
            return Ok(Data { slot: NONE, long: false });
        }
        let long = bits == 64 || matches!(operand, Operand::Register(name) if name == "%gridid");
        Ok(Data { slot: self.value(operand, long)?, long })
    }

    /// A destination of at most 32 bits; `_` is no slot.
    pub(crate) fn destination_word(&mut self, operand: &Operand) -> Result<Slot, String> {
        self.destination(operand, Bank::Word)
    }

    /// A destination of the bank that `wide` tells.
    pub(crate) fn destination_value(&mut self, operand: &Operand, wide: bool) -> Result<Slot, String> {
        self.destination(operand, if wide { Bank::Long } else { Bank::Word })
    }

    /// A predicate destination.
    pub(crate) fn destination_predicate(&mut self, operand: &Operand) -> Result<Slot, String> {
        self.destination(operand, Bank::Predicate)
    }

    fn destination(&mut self, operand: &Operand, bank: Bank) -> Result<Slot, String> {
        match operand {
            Operand::Register(name) => {
                let register = self.destination_register(name)?;
                if register.bank != bank || register.bits == 128 {
                    return Err(format!("register `{name}` has the wrong width for this destination"));
                }
                Ok(register.slot)
            }
            Operand::Sink if bank == Bank::Predicate => Ok(NONE),
            // A slot that nobody reads.
            Operand::Sink => {
                Ok(self.new_register(if bank == Bank::Word { Type::B32 } else { Type::B64 })?.slot)
            }
            other => Err(format!("`{other}` is not a destination register")),
        }
    }

    /// A destination register of either bank.
    pub(crate) fn destination_data(&mut self, operand: &Operand, bits: u32) -> Result<Data, String> {
        match operand {
            Operand::Register(name) => {
                let register = self.destination_register(name)?;
                let fits = register.bank != Bank::Predicate && (register.bits >= bits || bits == 8);
                if !fits {
                    return Err(format!("register `{name}` does not hold {bits} bits"));
                }
                Ok(Data { slot: register.slot, long: register.bank == Bank::Long })
            }
            Operand::Sink => Ok(Data { slot: NONE, long: false }),
            other => Err(format!("`{other}` is not a destination register")),
        }
    }

    /// A predicate source, perhaps negated or constant.
    pub(crate) fn predicate(&mut self, operand: &Operand) -> Result<PredicateSource, String> {
        match operand {
            Operand::Register(name) if name == "%is_explicit_cluster" => {
                let a = self.preset(Bank::Word, Preset::ExplicitCluster)?;
                let operands = [self.new_predicate()?, NONE, a, self.constant(0)?];
                let d = operands[0];
                let (ty, test) = (Type::U32, Comparison::NotEqual);
                let guard = std::mem::replace(&mut self.guard, PredicateSource::ALWAYS);
                self.emit(Op::Compare { ty, test, flush: false, operands });
                self.guard = guard;
                Ok(PredicateSource::new(d, false))
            }
            Operand::Register(name) => self.predicate_register(name, false),
            Operand::Not(name) => self.predicate_register(name, true),
            Operand::Integer(value) => Ok(PredicateSource::new(0, *value == 0)),
            other => Err(format!("`{other}` is not a predicate")),
        }
    }

    pub(crate) fn predicate_register(
        &mut self,
        name: &str,
        negated: bool,
    ) -> Result<PredicateSource, String> {
        let register = self.source_register(name)?;
        if register.bank != Bank::Predicate {
            return Err(format!("register `{name}` is not a predicate"));
        }
        Ok(PredicateSource::new(register.slot, negated))
    }

    /// `[base + offset]` in a space, or a generic one.
    pub(crate) fn address(&mut self, operand: &Operand, space: Option<Space>) -> Result<Address, String> {
        let Operand::Address { base, offset } = operand else {
            return Err(format!("`{operand}` is not an address"));
        };
        let at = |base: Option<Data>, offset: i64| Ok(Address { space, base, offset });
        let Some(base) = base else { return at(None, *offset) };
        if base.starts_with('%') {
            let register = self.source_register(base)?;
            let long = register.bank == Bank::Long;
            if register.bank == Bank::Predicate || register.bits < 32 || register.bits == 128 {
                return Err(format!("register `{base}` cannot hold an address"));
            }
            if !long && matches!(space, None | Some(Space::Global | Space::Const)) {
                return Err(format!("address register `{base}` must have 64 bits"));
            }
            return at(Some(Data { slot: register.slot, long }), *offset);
        }
        let place = |place: u32, window: u64| -> i64 {
            let base = if space.is_none() { window } else { 0 };
            (base + u64::from(place)).wrapping_add(*offset as u64) as i64
        };
        match (self.symbol(base)?, space) {
            (Symbol::Shared(start), None | Some(Space::Shared | Space::Cluster)) => {
                at(None, place(start, window::SHARED_BASE))
            }
            (Symbol::DynamicShared, Some(Space::Shared | Space::Cluster)) => {
                let slot = self.preset(Bank::Word, Preset::DynamicShared(0))?;
                at(Some(Data { slot, long: false }), *offset)
            }
            (Symbol::Local(start), Some(Space::Local)) => at(self.frame_base(), place(start, 0)),
            // Parameters of functions are local variables of the caller.
            (Symbol::FunctionParameter(start), Some(Space::Param)) => {
                let (base, offset) = (self.frame_base(), place(start, 0));
                Ok(Address { space: Some(Space::Local), base, offset })
            }
            (Symbol::Parameter(start), Some(Space::Param)) => at(None, place(start, 0)),
            (Symbol::Module(index), None | Some(Space::Global | Space::Const)) => {
                let slot = self.preset(Bank::Long, Preset::Variable(index, 0))?;
                at(Some(Data { slot, long: true }), *offset)
            }
            _ => Err(format!("`{base}` is not in the state space of the access")),
        }
    }
}
