//! What was built for Windows, as cargo tells it.

use std::path::{Path, PathBuf};

use serde_json::Value;

use crate::portable::on_windows;
use crate::shell::{Result, read, target_directory};
use crate::standard_library::{Libraries, WINDOWS};

/// The two ways in which it is built.
#[derive(Debug, Clone, Copy)]
pub(super) enum Build {
    /// As for releases: where nothing confines a command, it does not start.
    Released,
    /// It starts all the same, so that everything around it can be tested.
    Plumbing,
}

impl Build {
    /// What is built: of the second only what is run.
    fn words(self) -> &'static str {
        match self {
            Self::Released => "--lib --bins --tests",
            Self::Plumbing => "--bin pinfold --test windows --features pinfold-cli/plumbing",
        }
    }

    fn program(self) -> &'static str {
        match self {
            Self::Released => "pinfold.exe",
            Self::Plumbing => "pinfold-plumbing.exe",
        }
    }
}

/// The program and tests.
pub(super) struct Built {
    /// A copy of the program, as the next build takes its place.
    pub(super) program: PathBuf,
    messages: Vec<Value>,
}

impl Built {
    /// Builds what is not built yet.
    pub(super) fn new(libraries: &Libraries, build: Build) -> Result<Self> {
        let words = format!("{}{} --message-format json-render-diagnostics", build.words(), on_windows());
        let told = read(libraries.cargo("build", WINDOWS, &words)?.stderr(std::process::Stdio::inherit()))?;
        let messages = told.lines().map(serde_json::from_str).collect::<std::result::Result<_, _>>()?;
        let program = target_directory().join("windows").join(build.program());
        let built = Self { program, messages };
        std::fs::create_dir_all(target_directory().join("windows"))?;
        std::fs::copy(built.executable("pinfold-cli", "pinfold", false)?, &built.program)?;
        Ok(built)
    }

    /// A test program of a package.
    pub(super) fn test(&self, package: &str, name: &str) -> Result<&Path> {
        self.executable(package, name, true)
    }

    fn executable(&self, package: &str, name: &str, is_test: bool) -> Result<&Path> {
        let package = format!("#{package}@");
        let is_meant = |message: &&Value| {
            message["package_id"].as_str().is_some_and(|id| id.contains(&package))
                && message["target"]["name"] == name
                && message["profile"]["test"] == is_test
        };
        let mut executables =
            self.messages.iter().filter(is_meant).filter_map(|message| message["executable"].as_str());
        executables.next().map(Path::new).ok_or_else(|| format!("cargo has built no {name}").into())
    }
}
