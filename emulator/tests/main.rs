//! All tests of the emulator in one program, which links once.

mod clusters;
mod combinations;
mod composite;
mod copies;
mod corpus;
mod counters;
mod events;
mod faults;
mod floating;
mod foreign;
mod harness;
mod hosts;
mod instructions;
mod integer;
mod litmus;
mod machine;
mod mbarrier;
mod memory;
mod multimem;
mod narrow;
mod rare;
mod remote;
mod schedules;
mod threads;
mod trace;
mod video;
