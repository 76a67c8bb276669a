//! Everything from outside: the command line, whole rounds, the router, launches. One program,
//! because each test program links all of crossdock.

#[cfg(feature = "cli")]
mod command_line;
mod launch_options;
mod rounds;
mod router;
