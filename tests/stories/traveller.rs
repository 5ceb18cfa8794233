//! Somebody who works in an internet of the test's own.

use std::path::Path;

use pinfold_tests::{WORLD, WORLD_NEEDS};

use crate::desk::{Call, Desk, lacks};

/// A desk in an internet of its own.
pub(crate) struct Traveller(pub(crate) Desk);

impl Traveller {
    /// Nobody, where the internet cannot be made.
    pub(crate) fn new() -> Option<Self> {
        if WORLD_NEEDS.iter().any(|program| lacks(program)) {
            return None;
        }
        let desk = Desk::new();
        WORLD.iter().for_each(|(file, text)| desk.write(Path::new("world").join(file), text));
        Some(Self(desk))
    }

    /// A command line in that internet, in the project.
    pub(crate) fn call(&self, words: &[&str]) -> Call<'_> {
        let call = self.0.call("/bin/bash").arguments([self.0.path("world/enter.sh")]).arguments(words);
        call.variable("WORLD", self.0.path("world")).variable("FROM", self.0.workspace())
    }

    /// A script in the sandbox, with flags of `pinfold run`.
    pub(crate) fn inside(&self, flags: &[&str], script: &str) -> Call<'_> {
        self.call(&["pinfold", "run"]).arguments(flags).arguments(["--", "/bin/bash", "-c", script])
    }

    /// Who was reached, line by line.
    pub(crate) fn log(&self) -> String {
        std::fs::read_to_string(self.0.path("world/log")).unwrap_or_default()
    }
}
