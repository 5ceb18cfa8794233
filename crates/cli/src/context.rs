//! Who calls, from where: home, current directory, workspace, and where pinfold keeps things.

use std::ffi::{OsStr, OsString};
use std::path::{Component, Path, PathBuf};
use std::sync::OnceLock;

use pinfold_policy::Places;

use crate::commands;
use crate::error::CliError;
use crate::own::Own;
use crate::platform::{self, PLATFORM};

/// A project's own policy, at the root of its workspace.
pub(crate) const PROJECT_POLICY: &str = "pinfold.toml";

/// A variable that names a directory, and the directory below the home where it does not.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Variable {
    pub(crate) name: &'static str,
    pub(crate) otherwise: &'static str,
}

/// Where a call of pinfold happens.
#[derive(Debug)]
#[cfg_attr(windows, expect(dead_code, reason = "links in paths are resolved there, and none are made again inside"))]
pub(crate) struct Context {
    /// The caller's home, without links.
    pub(crate) home: PathBuf,
    /// The current directory, without links.
    pub(crate) directory: PathBuf,
    /// The current directory as the user spells it; the links in it work inside too.
    pub(crate) spelled_directory: PathBuf,
    /// The workspace, without links.
    pub(crate) workspace: PathBuf,
    /// Home, current directory and workspace as the user spells them.
    pub(crate) spelled: Vec<PathBuf>,
    /// The caller's variables.
    pub(crate) environment: Vec<(OsString, OsString)>,
    state: PathBuf,
    /// The same as the user spells it.
    spelled_state: PathBuf,
    /// Where it would be if no variable said so.
    usual_state: PathBuf,
    own: OnceLock<Own>,
    configuration: PathBuf,
}

impl Context {
    /// Looks around. `workspace` is what the user named, if anything.
    pub(crate) fn new(workspace: Option<&Path>) -> Result<Self, CliError> {
        let environment: Vec<_> = std::env::vars_os().collect();
        let spelled_home = home(&environment)?;
        let home = real(&spelled_home, "the home directory")?;
        let directory = std::env::current_dir()
            .map_err(|error| CliError::new("the current directory cannot be found").why(error.to_string()))?;
        let spelled_directory = variable(&environment, "PWD")
            .filter(|spelled| real_or_none(spelled).as_ref() == Some(&directory))
            .unwrap_or_else(|| directory.clone());
        let workspace = match workspace {
            Some(workspace) => real(workspace, "the workspace")?,
            None => find_workspace(&directory, &home),
        };
        let base = |Variable { name, otherwise }: Variable| {
            variable(&environment, name).unwrap_or_else(|| home.join(otherwise)).join("pinfold")
        };
        let spelled_state = base(platform::STATE);
        Ok(Self {
            state: commands::real(&spelled_state),
            usual_state: commands::real(&home.join(platform::STATE.otherwise).join("pinfold")),
            spelled_state,
            own: OnceLock::new(),
            configuration: base(platform::CONFIGURATION),
            spelled: vec![spelled_home, spelled_directory.clone()],
            spelled_directory,
            home,
            directory,
            workspace,
            environment,
        })
    }

    /// The places that a policy is resolved against.
    pub(crate) fn places(&self) -> Places {
        Places { platform: PLATFORM, workspace: self.workspace.clone(), home: self.home.clone() }
    }

    /// Where pinfold keeps what lasts between runs, without links.
    pub(crate) fn state(&self) -> &Path {
        &self.state
    }

    /// The same with the links on the way there, which could be made to lead elsewhere.
    pub(crate) fn spelled_state(&self) -> &Path {
        &self.spelled_state
    }

    /// Where it would be if no variable said so.
    pub(crate) fn usual_state(&self) -> &Path {
        &self.usual_state
    }

    /// All of pinfold's own files.
    pub(crate) fn own(&self) -> &Own {
        self.own.get_or_init(|| Own::of(self))
    }

    /// Where the record of all runs is.
    pub(crate) fn ledger(&self) -> PathBuf {
        self.state.join("ledger")
    }

    /// The user's own policy.
    pub(crate) fn user_policy(&self) -> PathBuf {
        self.configuration.join("policy.toml")
    }

    /// The project's own policy.
    pub(crate) fn project_policy(&self) -> PathBuf {
        self.workspace.join(PROJECT_POLICY)
    }

    /// A path as the user means it in an argument: relative to the current directory, or to the home that no shell has put in
    /// the place of `~`, as in a policy.
    pub(crate) fn absolute(&self, path: &Path) -> PathBuf {
        match path.strip_prefix("~") {
            Ok(below) => normal(&self.home.join(below)),
            Err(_) => normal(&self.directory.join(path)),
        }
    }

    /// A variable of the caller's that is text.
    pub(crate) fn text(&self, name: &str) -> Option<&str> {
        self.variable(name)?.to_str()
    }

    /// A variable of the caller's.
    pub(crate) fn variable(&self, name: &str) -> Option<&OsStr> {
        self.environment.iter().find(|(present, _)| is_named(present, name)).map(|(_, value)| &**value)
    }

    /// Whether the caller has a variable of that name.
    pub(crate) fn has_variable(&self, name: &str) -> bool {
        self.variable(name).is_some()
    }

    /// A program as the caller's own shell would find it, without links.
    pub(crate) fn program(&self, program: &Path) -> Option<PathBuf> {
        if program.components().count() > 1 {
            return real_or_none(&self.absolute(program));
        }
        let mut candidates = std::env::split_paths(self.variable("PATH")?).map(|directory| directory.join(program));
        real_or_none(&candidates.find(|path| path.is_file())?)
    }
}

/// Takes `.` and `..` out of an absolute path, by its text alone.
fn normal(path: &Path) -> PathBuf {
    let mut normal = PathBuf::new();
    for component in path.components() {
        match component {
            Component::ParentDir => drop(normal.pop()),
            Component::CurDir => {}
            other => normal.push(other),
        }
    }
    normal
}

/// Whether a variable has that name; on some platforms its case does not count.
fn is_named(variable: &OsStr, name: &str) -> bool {
    if PLATFORM.ignores_case_of_variables() { variable.eq_ignore_ascii_case(name) } else { variable == name }
}

fn variable(environment: &[(OsString, OsString)], name: &str) -> Option<PathBuf> {
    let (_, value) = environment.iter().find(|(key, _)| is_named(key, name))?;
    Some(PathBuf::from(value)).filter(|path| path.is_absolute())
}

fn home(environment: &[(OsString, OsString)]) -> Result<PathBuf, CliError> {
    let home = variable(environment, platform::HOME).filter(|home| home.parent().is_some());
    home.ok_or_else(|| {
        CliError::new("there is no home directory")
            .why(format!("{} is not set to an absolute path other than a root", platform::HOME))
            .hint(format!("set {} to a directory of your own", platform::HOME))
    })
}

fn real(path: &Path, what: &str) -> Result<PathBuf, CliError> {
    platform::real(path)
        .map_err(|error| CliError::new(format!("{what} {} cannot be used", path.display())).why(error.to_string()))
}

fn real_or_none(path: &Path) -> Option<PathBuf> {
    platform::real(path).ok()
}

/// The nearest directory above with a `.git`, or the current one. The home directory and what contains it never count,
/// even if somebody keeps his settings there in a repository.
fn find_workspace(directory: &Path, home: &Path) -> PathBuf {
    let mut candidates = directory.ancestors().take_while(|candidate| !home.starts_with(candidate));
    candidates.find(|candidate| candidate.join(".git").exists()).unwrap_or(directory).to_owned()
}
