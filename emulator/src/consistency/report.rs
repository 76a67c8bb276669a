//! A race in words: both accesses, where they are, and the nearest change that would order them.

use super::Detector;
use super::check::Racing;
use super::halves::Halves;
use super::helper::AgentClock;
use super::knowledge::Knowledge;
use super::lanes::LaneClocks;
use super::scope::{Place, between};
use super::stamp::{Access, Kind, Mark, Proxy, Stamp};
use crate::error::{Accessor, Position, Race};
use crate::mbarrier;
use crate::op::{Scope, Space};

/// The later access of a race.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Later<'a> {
    access: Access,
    pc: u32,
    actor: u32,
    place: Place,
    halves: Option<&'a Halves>,
    bare: &'a [(Mark, u32)],
    space: Space,
    /// The clock of a copy, with the lane of its helper.
    copy: Option<(&'a AgentClock, usize)>,
    /// It counts the copy's bytes at an mbarrier.
    completes: bool,
}

impl<'a> Later<'a> {
    pub(crate) fn of_warp(
        clocks: &'a LaneClocks,
        access: Access,
        pc: u32,
        lane: usize,
        space: Space,
    ) -> Later<'a> {
        Later {
            access,
            pc,
            actor: clocks.actor,
            place: clocks.place,
            halves: clocks.halves_of(lane),
            bare: clocks.bare(),
            space,
            copy: None,
            completes: false,
        }
    }

    pub(crate) fn of_copy(
        clock: &'a AgentClock,
        access: Access,
        pc: u32,
        lane: usize,
        space: Space,
    ) -> Later<'a> {
        Later {
            access,
            pc,
            actor: clock.trail.actor,
            place: clock.place,
            halves: None,
            bare: &[],
            space,
            copy: Some((clock, lane)),
            completes: false,
        }
    }

    /// The completion of a copy at an mbarrier.
    pub(crate) fn of_completion(clock: &'a AgentClock, pc: u32, lane: usize) -> Later<'a> {
        let access = Access {
            kind: Kind::Atomic,
            strong: Some(Scope::Cluster),
            bytes: mbarrier::BYTES as u8,
            proxy: Proxy::Async,
            non_coherent: false,
            asynchronous: true,
        };
        Later { completes: true, ..Later::of_copy(clock, access, pc, lane, Space::Shared) }
    }
}

impl Access {
    fn describe(&self, is_host: bool) -> String {
        let what = match self.kind {
            Kind::Read => "read",
            Kind::Write => "write",
            Kind::Atomic => "atomic operation",
        };
        let whose = match (self.asynchronous, self.proxy) {
            (false, _) => "",
            (true, Proxy::Generic) => " by a copy of a lane",
            (true, Proxy::Async) => " by a bulk copy",
        };
        let strength = match self.strong {
            _ if self.non_coherent => "non-coherent ".to_owned(),
            None => String::new(),
            Some(scope) => format!("`.{}` ", scope.modifier()),
        };
        if is_host {
            return format!("{what} by a host");
        }
        format!("{strength}{what}{whose} of {} bytes", self.bytes)
    }
}

impl Detector {
    /// The GPU whose host it is.
    fn host(&self, actor: u32) -> Option<usize> {
        self.hosts.iter().position(|host| host.actor == actor)
    }

    /// Where an actor of a launch is.
    fn position(&self, actor: u32, pc: u32) -> Option<Position> {
        let actor = &self.actors[actor as usize];
        let launch = &self.launches[actor.launch.number as usize];
        let code = launch.code.as_ref()?;
        let origin = &code.origins[pc as usize];
        Some(Position {
            kernel: code.name.clone(),
            instruction: origin.text.clone(),
            line: origin.line,
            source: code.source(pc),
            gpu: launch.gpu,
            block: actor.block,
            warp: actor.warp,
        })
    }

    fn is_host(&self, actor: u32) -> bool {
        self.launches[self.actors[actor as usize].launch.number as usize].code.is_none()
    }

    /// `instruction` at file and line.
    fn name(&self, actor: u32, pc: u32) -> String {
        let Some(position) = self.position(actor, pc) else { return "the host's copy".into() };
        match position.source {
            Some((file, line)) => format!("`{}` ({file}:{line})", position.instruction),
            None => format!("`{}` (PTX line {})", position.instruction, position.line),
        }
    }

    pub(crate) fn race(&self, racing: &Racing, later: &Later<'_>, place: String) -> Race {
        let stamp = self.stamps.get(racing.earlier.stamp());
        let theirs = racing.earlier.lanes(stamp);
        Race {
            place,
            earlier: match self.position(stamp.actor, stamp.pc) {
                Some(position) => Accessor::Lane { position, lane: theirs.trailing_zeros() },
                None => Accessor::Host { gpu: self.host(stamp.actor).unwrap_or_default() },
            },
            earlier_access: stamp.access.describe(self.is_host(stamp.actor)),
            later_access: later.access.describe(self.is_host(later.actor)),
            remedy: self.remedy(stamp, theirs, later),
        }
    }

    fn remedy(&self, stamp: &Stamp, theirs: u32, later: &Later<'_>) -> String {
        let actor = &self.actors[stamp.actor as usize];
        let (earlier, mine) = (&stamp.access, &later.access);
        let needed = between(actor.place, later.place);
        let covers =
            |knowledge: &Knowledge| knowledge.generic.covers(stamp.actor, actor.launch, theirs, stamp.time);
        if earlier.non_coherent || mine.non_coherent {
            return "`ld.global.nc` may read only what nobody writes while its kernel runs: use an ordinary load".into();
        }
        match (self.is_host(stamp.actor), self.is_host(later.actor)) {
            (true, true) => {
                return "ordered if the hosts met in between, or if a kernel of the second acquired from one of the first".into();
            }
            (false, true) => {
                let gpu = actor.place.gpu;
                return format!(
                    "ordered if the host of GPU {gpu} waited for it and the hosts met, or if a kernel of the copying host's GPU \
                     acquired from it"
                );
            }
            (true, false) => {
                return "ordered if the launch were made after the copy or, by another host, after a meeting of the hosts".into();
            }
            (false, false) => {}
        }
        if stamp.actor == later.actor && stamp.pc == later.pc && mine.kind != Kind::Read && !mine.asynchronous
        {
            let same_time = "lanes of one instruction write different values to the same bytes";
            return format!(
                "{same_time}, or different turns of it do so without a `bar.warp.sync` in between"
            );
        }
        if let (Some(a), Some(b)) = (earlier.strong, mine.strong) {
            if earlier.bytes != mine.bytes {
                return "both are strong but of different sizes; strong accesses to the same bytes must have one size"
                    .into();
            }
            let mut narrow = Vec::new();
            if a < needed {
                narrow.push(self.name(stamp.actor, stamp.pc));
            }
            if b < needed {
                narrow.push(self.name(later.actor, later.pc));
            }
            if !narrow.is_empty() {
                return format!(
                    "no race if the scope were `.{}` in {}",
                    needed.modifier(),
                    narrow.join(" and in ")
                );
            }
        }
        let known = later.copy.is_some_and(|(clock, lane)| clock.knows(stamp, actor.launch, theirs, lane));
        if later.completes && known {
            return "a `fence.mbarrier_init` (or `fence.proxy.async`) is missing between them: the mbarrier is initialised \
                    before the copy, but not for the async proxy"
                .into();
        }
        if mine.proxy == Proxy::Async && known {
            let space = if later.space == Space::Shared { "shared::cta" } else { "global" };
            let block = if needed == Scope::Block { "" } else { " in the copy's block" };
            return format!(
                "a `fence.proxy.async` (or `fence.proxy.async.{space}`) is missing between them{block}: the first access is \
                 ordered before the copy, but not for the async proxy"
            );
        }
        if earlier.asynchronous {
            let read = if earlier.kind == Kind::Read { "" } else { ", without `.read`" };
            return format!(
                "nothing waits for the copy in between: wait for its mbarrier, or for its group{read}"
            );
        }
        if let Some(halves) = later.halves {
            for missed in halves.missed.iter().rev() {
                let release = &missed.release;
                let needed = between(release.place, later.place);
                if covers(&release.knowledge) {
                    let mut narrow = Vec::new();
                    if release.scope < needed {
                        narrow.push(self.name(release.actor, release.pc));
                    }
                    if missed.scope < needed {
                        narrow.push(self.name(later.actor, missed.pc));
                    }
                    let narrow = if narrow.is_empty() {
                        "the store between them".into()
                    } else {
                        narrow.join(" and in ")
                    };
                    return format!("ordered if the scope were `.{}` in {narrow}", needed.modifier());
                }
            }
            for found in halves.found.iter().rev() {
                if covers(&found.release.knowledge) {
                    let read = self.name(later.actor, found.pc);
                    return format!(
                        "ordered if {read} were an acquire, or if an acquire fence stood after it"
                    );
                }
            }
        }
        for &(mark, pc) in later.bare.iter().rev() {
            let store = self.stamps.get(mark.stamp());
            let storer = &self.actors[store.actor as usize];
            let writer = self.name(store.actor, store.pc);
            let read = self.name(later.actor, pc);
            if store.actor == stamp.actor && mark.lanes(store) == theirs && store.time >= stamp.time {
                return format!("ordered if {writer} were a release, and {read} an acquire");
            }
            if storer.place.block == actor.place.block && store.time > stamp.time {
                return format!(
                    "ordered if {writer} were a release after a barrier with the thread of the first access, and {read} \
                     an acquire"
                );
            }
        }
        // A compare-and-swap loop that begins with an ordinary load.
        let begins = |read: &Access, atomic: &Access| {
            let is_pair =
                read.kind == Kind::Read && atomic.kind == Kind::Atomic && read.bytes == atomic.bytes;
            atomic.strong.filter(|&scope| is_pair && read.strong.is_none() && scope >= needed)
        };
        let reads =
            [(begins(earlier, mine), stamp.actor, stamp.pc), (begins(mine, earlier), later.actor, later.pc)];
        if stamp.actor == later.actor
            && let Some((Some(scope), reader, pc)) = reads.into_iter().find(|(scope, ..)| scope.is_some())
        {
            return format!("no race if `.relaxed.{}` were in {}", scope.modifier(), self.name(reader, pc));
        }
        if stamp.actor == later.actor {
            return "a `bar.warp.sync` is missing between them: lanes of a warp are not ordered by executing together"
                .into();
        }
        if needed == Scope::Block {
            return "a barrier of the block is missing between them, or a release and an acquire of at least `.cta`".into();
        }
        format!(
            "nothing orders them: a release after the first and an acquire before the second, both of scope `.{}`, would",
            needed.modifier()
        )
    }
}
