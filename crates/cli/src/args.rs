//! Every flag and what it says about itself.

use std::ffi::OsString;
use std::path::PathBuf;

use clap::{Parser, Subcommand, ValueEnum, ValueHint};

/// Run AI agents' commands in the real workspace, confined by the operating system.
#[derive(Debug, Parser)]
#[command(name = "pinfold", version, max_term_width = 100, arg_required_else_help = true, subcommand_required = true)]
pub(crate) struct Args {
    #[command(subcommand)]
    pub(crate) command: Command,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Run a command in the sandbox
    #[command(after_help = RUN_HELP)]
    Run(RunArgs),
    /// Run a command in the sandbox, slower, and tell what was refused to it
    #[command(after_help = TRACE_HELP)]
    Trace(RunArgs),
    /// Open your shell in the sandbox
    Shell(ShellArgs),
    /// Print what would be enforced here, and by what
    Plan(PlanArgs),
    /// List what a staged run would change
    #[command(after_help = CHANGES_HELP)]
    Changes(ChangesArgs),
    /// Show what a staged run would change, line by line
    #[command(after_help = DIFF_HELP)]
    Diff(DiffArgs),
    /// Look through what a staged run would change, on a page, and take over what you choose
    #[command(after_help = REVIEW_HELP)]
    Review(ReviewArgs),
    /// Take over what a staged run would change, or some of it
    #[command(after_help = APPLY_HELP)]
    Apply(ApplyArgs),
    /// Take back what a run with --undo changed, or what was taken over last
    Undo(UndoArgs),
    /// Throw away what a staged run has written, or what is kept of a run with --undo
    Discard(DiscardArgs),
    /// List the stages of this workspace
    Stages(StagesArgs),
    /// Go on from a stage in a second one
    Fork(ForkArgs),
    /// Remember how a stage is now
    Snapshot(SnapshotArgs),
    /// Make a stage as it was at a snapshot
    ///
    /// What came later is gone, later snapshots too. A fork made before keeps both.
    Restore(SnapshotArgs),
    /// Watch live runs: what they reach, what is refused, and the questions of `run --ask`
    #[command(after_help = WATCH_HELP)]
    Watch(WatchArgs),
    /// Give a live run something more: a path, a host or a variable
    #[command(after_help = GRANT_HELP)]
    Grant(GrantArgs),
    /// Take back from a live run what was granted
    Revoke(RevokeArgs),
    /// Show what happened in runs: one, all of them, or what a filter finds
    #[command(after_help = LOG_HELP)]
    Log(LogArgs),
    /// Write a run as one page of HTML
    Report(ReportArgs),
    /// Explain whether a path may be read, written or executed, or a host reached
    Why(WhyArgs),
    /// Check, show or describe policies
    Policy(PolicyArgs),
    /// Let this project's pinfold.toml, exactly as it is now, widen the policy
    Trust(TrustArgs),
    /// Tell what this host can keep, what is missing, and how to get it
    Doctor(DoctorArgs),
    /// Make accounts that commands run under (Windows only, once, as administrator)
    Setup(SetupArgs),
    /// Print completions for a shell
    Completions(CompletionsArgs),
}

impl Command {
    /// The same with what a flag implies: who names a stage wants one.
    pub(crate) fn with_what_is_implied(mut self) -> Self {
        match &mut self {
            Self::Run(args) | Self::Trace(args) => args.policy.staged |= args.session.is_some(),
            Self::Shell(args) => args.policy.staged |= args.session.is_some(),
            _ => {}
        }
        self
    }
}

// Each paragraph is one line: it is broken as wide as the terminal is.

const RUN_HELP: &str = "\
Exit status: the command's own; 128 + n when signal n ended it; 124 when the wall-clock limit did; 125 when pinfold failed \
and the command never ran; 126 or 127 when it could not be executed.

Examples:
  pinfold run -- cargo test
  pinfold run --profile read-only -- rg TODO
  pinfold run --allow-host @npm --write ../other -- npm install
  pinfold run --ask -- claude    (and in another terminal: pinfold watch)
  pinfold run --staged -- claude    (then: pinfold review, or changes, diff, apply, discard)
  pinfold run --undo -- ./migrate.sh    (then, if need be: pinfold undo)
  pinfold run --session topic -- make test    (goes on in the stage of that name)";

const TRACE_HELP: &str = "\
Each call that names a path is seen before the kernel carries it out; what is told is what the policy refuses, with the \
rule and the smallest change, at the end and meanwhile in pinfold watch. Exit status: the command's own; 125 as well where \
nothing can be seen.

Example:
  pinfold trace -- make test";

const LOG_HELP: &str = "\
Examples:
  pinfold log                          the last runs
  pinfold log last                     the last run, event by event
  pinfold log 4f2a --kind connect      what that run connected to
  pinfold log --verdict refused --since 1d
  pinfold log verify                   has anything been changed, dropped or put elsewhere?
  pinfold log query \"select host, count(*) from events where kind = 'connect' group by host\"";

const CHANGES_HELP: &str = "\
A new, M changed, m other permissions, R renamed, D deleted, T of another kind, - stays in the stage; \
! would execute outside, so that apply asks; x conflicts with what has changed in the workspace; ~ comes beside it.

What git ignores in the workspace, such as build output, is one line for each directory; name one, or --all, to see it.";

const DIFF_HELP: &str = "\
At a terminal it goes through the pager that git would call ($PINFOLD_PAGER, $GIT_PAGER, core.pager, $PAGER, less), and \
each file is shown by the external diff that git would call ($PINFOLD_DIFF, $GIT_EXTERNAL_DIFF, diff.external), such as \
difft. An empty variable means none. Elsewhere it is a patch that git takes.";

const REVIEW_HELP: &str = "\
Keys: arrows move, fold and unfold, and go to the diff; space chooses a file, a directory, or in a diff one hunk; t and m \
decide a conflict, for what the run left or for what you have; a or Enter takes over what is chosen, after one more \
question; d discards; r looks again; ? tells all keys; q leaves.

What would execute outside is asked about one by one. Nothing is taken over from a stage that has changed meanwhile.";

const APPLY_HELP: &str = "\
What would execute outside, such as hooks and settings of git, is taken over only where somebody says so: asked at a \
terminal, or by --traps. What has changed in the workspace since is merged, or nothing is taken over. What git ignores, \
such as build output, stays in the stage unless you say so: asked at a terminal, by --ignored, or by name.

Examples:
  pinfold apply                        all of the last staged run
  pinfold apply src docs/README.md     these only
  pinfold apply --hunks src/main.rs    some lines of it
  pinfold apply --theirs README.md     as the run left it, whatever you have made of it; undo gives yours back
  pinfold apply --mine README.md       not this: it stays as it is here, and waits no more
  pinfold apply --reviewed             only what pinfold diff has shown, if it is still the same
  pinfold undo";

const GRANT_HELP: &str = "\
It counts at once, is recorded, and does not outdo rules that say no. Hosts need a run with --network rules. A variable has \
the value that it has where you grant it; every bash that starts from then on knows it, other programs can read \
/.pinfold/given/env. What is open when something is taken back stays open.

Examples:
  pinfold grant last read ~/other-repo
  pinfold grant last write ~/other-repo --for 10m
  pinfold grant topic connect registry.npmjs.org    (the run in the stage of that name)
  pinfold grant 3fa9 env API_URL";

const WATCH_HELP: &str = "\
Keys: up and down or k and j choose a question; o answers once, s for this session, a always, d denies; q quits. Always \
writes the host and port into your policy file. Who says nothing for a minute says no.

Hosts that were refused because no rule names them have digits, each of which lets its host through until the run ends; so \
have files and directories that were refused to a run that is traced (pinfold trace). No digit outdoes a rule that says no.";

/// What shapes the policy of one run.
#[derive(Debug, Default, Clone, clap::Args)]
pub(crate) struct PolicyFlags {
    /// Start from this built-in profile: read-only, workspace, offline-build or open
    #[arg(long, value_name = "PROFILE")]
    pub(crate) profile: Option<String>,
    /// Add a policy file, over the user's and the project's
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub(crate) policy: Option<PathBuf>,
    /// Make a path visible, read-only
    #[arg(long, value_name = "PATH", value_hint = ValueHint::AnyPath)]
    pub(crate) read: Vec<OsString>,
    /// Make a path visible and writable
    #[arg(long, value_name = "PATH", value_hint = ValueHint::AnyPath)]
    pub(crate) write: Vec<OsString>,
    /// Hide a path, or everything that a glob matches
    #[arg(long, value_name = "PATH-OR-GLOB", value_hint = ValueHint::AnyPath)]
    pub(crate) deny: Vec<OsString>,
    /// Show a dotenv file, or each that a glob matches, with a placeholder for every value
    #[arg(long, value_name = "PATH-OR-GLOB", value_hint = ValueHint::AnyPath)]
    pub(crate) mask: Vec<OsString>,
    /// Protect a name in writable places; `!NAME` takes a protection back
    #[arg(long, value_name = "NAME")]
    pub(crate) protect: Vec<String>,
    /// Keep what is written to the workspace beside it, until `pinfold apply` takes it over
    #[arg(long)]
    pub(crate) staged: bool,
    /// Keep earlier versions of what is changed in the workspace, so that `pinfold undo` brings them back
    #[arg(long)]
    pub(crate) undo: bool,
    /// Let a variable of yours in, or set one
    #[arg(long, value_name = "NAME[=VALUE]")]
    pub(crate) env: Vec<String>,
    /// Limit memory, processes, open-files, cpu-time, wall-time, disk, file-size, temp or output
    #[arg(long, value_name = "KIND=VALUE")]
    pub(crate) limit: Vec<String>,
    /// Which network there is
    #[arg(long, value_enum)]
    pub(crate) network: Option<NetworkFlag>,
    /// Let a host be reached: a name, `*.name`, an address or range, or a preset such as @crates-io
    #[arg(long, value_name = "HOST[:PORT]")]
    pub(crate) allow_host: Vec<String>,
    /// Show a port inside on the host's loopback
    #[arg(long, value_name = "PORT")]
    pub(crate) publish: Vec<String>,
    /// Let a port of the host's loopback be reached, as host.pinfold.internal
    #[arg(long, value_name = "PORT")]
    pub(crate) host_port: Vec<String>,
    /// Whether the user is asked about hosts that no rule names; only where something runs.
    #[arg(skip)]
    pub(crate) ask: bool,
    /// The directory that is worked in [default: the git top level of the current directory, or that directory]
    #[arg(long, value_name = "DIR", value_hint = ValueHint::DirPath)]
    pub(crate) workspace: Option<PathBuf>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum NetworkFlag {
    /// Nothing but the sandbox's own loopback
    Off,
    /// What the rules allow
    Rules,
    /// The host's network
    Full,
}

impl NetworkFlag {
    /// The value as it is typed, which is also that of `network.mode`.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Off => "off",
            Self::Rules => "rules",
            Self::Full => "full",
        }
    }
}

#[derive(Debug, clap::Args)]
pub(crate) struct RunArgs {
    #[command(flatten)]
    pub(crate) policy: PolicyFlags,
    /// Go on in the stage of this name, or begin one (implies --staged)
    #[arg(long, value_name = "NAME")]
    pub(crate) session: Option<String>,
    /// Ask about hosts that no rule names: `pinfold watch` in another terminal answers
    #[arg(long)]
    pub(crate) ask: bool,
    /// Start even if this host cannot keep every promise of the policy
    #[arg(long)]
    pub(crate) best_effort: bool,
    /// Print a summary of the run as one line of JSON on standard error
    #[arg(long)]
    pub(crate) json: bool,
    /// Say nothing at the end of a run but what must not be overlooked
    #[arg(long, short, conflicts_with = "json")]
    pub(crate) quiet: bool,
    /// Whose command it is, for the ledger [default: what agents say of themselves in the environment]
    #[arg(long, value_name = "NAME")]
    pub(crate) agent: Option<String>,
    /// The command and its arguments
    #[arg(required = true, trailing_var_arg = true, value_name = "CMD", value_hint = ValueHint::CommandWithArguments)]
    pub(crate) command: Vec<OsString>,
}

#[derive(Debug, clap::Args)]
pub(crate) struct ShellArgs {
    #[command(flatten)]
    pub(crate) policy: PolicyFlags,
    /// Go on in the stage of this name, or begin one (implies --staged)
    #[arg(long, value_name = "NAME")]
    pub(crate) session: Option<String>,
    /// Ask about hosts that no rule names: `pinfold watch` in another terminal answers
    #[arg(long)]
    pub(crate) ask: bool,
    /// Start even if this host cannot keep every promise of the policy
    #[arg(long)]
    pub(crate) best_effort: bool,
}

/// Which workspace a call is about.
#[derive(Debug, Default, clap::Args)]
pub(crate) struct WorkspaceFlag {
    /// The workspace [default: the git top level of the current directory, or that directory]
    #[arg(long, value_name = "DIR", value_hint = ValueHint::DirPath)]
    pub(crate) workspace: Option<PathBuf>,
}

#[derive(Debug, clap::Args)]
pub(crate) struct ChangesArgs {
    #[command(flatten)]
    pub(crate) place: WorkspaceFlag,
    /// The stage, if the first is the name of one, and paths
    #[arg(value_name = "STAGE] [PATH", value_hint = ValueHint::AnyPath)]
    pub(crate) stage_and_paths: Vec<OsString>,
    /// Every file, also of new directories and those that git ignores
    #[arg(long)]
    pub(crate) all: bool,
    /// Print it as JSON
    #[arg(long)]
    pub(crate) json: bool,
}

#[derive(Debug, clap::Args)]
pub(crate) struct DiffArgs {
    #[command(flatten)]
    pub(crate) place: WorkspaceFlag,
    /// The stage, if the first is the name of one, and paths
    #[arg(value_name = "STAGE] [PATH", value_hint = ValueHint::AnyPath)]
    pub(crate) stage_and_paths: Vec<OsString>,
    /// Also what git ignores
    #[arg(long)]
    pub(crate) ignored: bool,
    /// Let this command show each file, called as git calls an external diff [default: as git is set up, at a terminal]
    #[arg(long, value_name = "COMMAND", value_hint = ValueHint::CommandString)]
    pub(crate) tool: Option<String>,
    /// As a patch, whatever tool there is
    #[arg(long, conflicts_with = "tool")]
    pub(crate) patch: bool,
}

#[derive(Debug, clap::Args)]
pub(crate) struct ReviewArgs {
    #[command(flatten)]
    pub(crate) place: WorkspaceFlag,
    /// The stage, if the first is the name of one, and paths
    #[arg(value_name = "STAGE] [PATH", value_hint = ValueHint::AnyPath)]
    pub(crate) stage_and_paths: Vec<OsString>,
}

#[derive(Debug, clap::Args)]
pub(crate) struct ApplyArgs {
    #[command(flatten)]
    pub(crate) place: WorkspaceFlag,
    /// The stage, if the first is the name of one, and paths
    #[arg(value_name = "STAGE] [PATH", value_hint = ValueHint::AnyPath)]
    pub(crate) stage_and_paths: Vec<OsString>,
    /// Ask about one hunk after the other
    #[arg(long)]
    pub(crate) hunks: bool,
    /// Take over what would execute outside as well
    #[arg(long)]
    pub(crate) traps: bool,
    /// These paths as the run left them, also where you have changed them since
    #[arg(long, value_name = "PATH", num_args = 1.., value_hint = ValueHint::AnyPath, conflicts_with = "hunks")]
    pub(crate) theirs: Vec<OsString>,
    /// Keep these paths as they are here, and let the stage's changes of them wait no more
    #[arg(long, value_name = "PATH", num_args = 1.., value_hint = ValueHint::AnyPath)]
    pub(crate) mine: Vec<OsString>,
    /// Also what git ignores, such as build output
    #[arg(long, conflicts_with = "no_ignored")]
    pub(crate) ignored: bool,
    /// Not what git ignores, and do not ask
    #[arg(long)]
    pub(crate) no_ignored: bool,
    /// Only what `pinfold diff` has shown, as it was then; with a digest of `pinfold changes --json`, only if the whole stage
    /// still has it
    #[arg(long, value_name = "DIGEST", num_args = 0..=1, require_equals = true, default_missing_value = "")]
    pub(crate) reviewed: Option<String>,
}

#[derive(Debug, clap::Args)]
pub(crate) struct UndoArgs {
    #[command(flatten)]
    pub(crate) place: WorkspaceFlag,
    /// The run that is undone [default: what was done last, that or taking something over]
    pub(crate) session: Option<String>,
    /// List the runs that can be undone
    #[arg(long, conflicts_with_all = ["session", "lose"])]
    pub(crate) list: bool,
    /// Also where nothing has it any more: of a run, or of a stage that is gone
    #[arg(long)]
    pub(crate) lose: bool,
}

#[derive(Debug, clap::Args)]
pub(crate) struct DiscardArgs {
    #[command(flatten)]
    pub(crate) place: WorkspaceFlag,
    /// The stage, or a run that can be undone [default: the only stage]
    pub(crate) stage: Option<String>,
}

#[derive(Debug, clap::Args)]
pub(crate) struct StagesArgs {
    #[command(flatten)]
    pub(crate) place: WorkspaceFlag,
    /// Remove those that the policy does not keep (`stages.keep`); it tells which
    #[arg(long)]
    pub(crate) prune: bool,
    /// Those that nobody has touched for so long, whatever the policy says: 2h, 14d
    #[arg(long, value_name = "TIME", requires = "prune")]
    pub(crate) older_than: Option<String>,
    /// Also those in which something waits that was not taken over: it is lost
    #[arg(long, requires = "older_than")]
    pub(crate) unapplied: bool,
    /// Only tell what would go
    #[arg(long, requires = "prune")]
    pub(crate) dry_run: bool,
    /// Take over the stages of a workspace that was there and is here now
    #[arg(long, value_name = "DIR", conflicts_with = "prune", value_hint = ValueHint::DirPath)]
    pub(crate) from: Option<PathBuf>,
    /// Print it as JSON
    #[arg(long)]
    pub(crate) json: bool,
}

#[derive(Debug, clap::Args)]
pub(crate) struct ForkArgs {
    #[command(flatten)]
    pub(crate) place: WorkspaceFlag,
    /// The stage
    pub(crate) stage: String,
    /// The name of the second one
    pub(crate) name: String,
}

#[derive(Debug, clap::Args)]
pub(crate) struct SnapshotArgs {
    #[command(flatten)]
    pub(crate) place: WorkspaceFlag,
    /// The stage
    pub(crate) stage: String,
    /// The name of the snapshot
    pub(crate) name: String,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum GrantKind {
    /// See a file or a directory
    Read,
    /// Write to it as well
    Write,
    /// Reach a host
    Connect,
    /// Know a variable of yours
    Env,
}

#[derive(Debug, clap::Args)]
pub(crate) struct GrantArgs {
    /// The run: its name, the beginning of it, the name of its stage, or `last` for the one that is going on
    pub(crate) session: String,
    /// What it may do
    #[arg(value_enum)]
    pub(crate) kind: GrantKind,
    /// A path, HOST[:PORT] or NAME
    #[arg(value_name = "WHAT", value_hint = ValueHint::AnyPath)]
    pub(crate) what: OsString,
    /// Take it back after so long [default: when the run ends]
    #[arg(long = "for", value_name = "TIME")]
    pub(crate) lease: Option<String>,
}

#[derive(Debug, clap::Args)]
pub(crate) struct RevokeArgs {
    /// The run: its name, the beginning of it, the name of its stage, or `last` for the one that is going on
    pub(crate) session: String,
    /// What it may no longer do
    #[arg(value_enum)]
    pub(crate) kind: GrantKind,
    /// A path, HOST[:PORT] or NAME, as it was granted
    #[arg(value_name = "WHAT", value_hint = ValueHint::AnyPath)]
    pub(crate) what: OsString,
}

#[derive(Debug, clap::Args)]
pub(crate) struct WatchArgs {
    /// Print one line of JSON for each event
    #[arg(long)]
    pub(crate) json: bool,
}

#[derive(Debug, clap::Args)]
#[command(args_conflicts_with_subcommands = true)]
pub(crate) struct LogArgs {
    #[command(subcommand)]
    pub(crate) command: Option<LogCommand>,
    /// A run: its name, the first letters of it, or `last` [default: the last runs, a line each]
    pub(crate) session: Option<String>,
    #[command(flatten)]
    pub(crate) filter: LogFilter,
    /// Go on with what happens from now, until the run ends
    #[arg(long, short)]
    pub(crate) follow: bool,
    /// Print one line of JSON for each run or event
    #[arg(long)]
    pub(crate) json: bool,
}

/// Which events are meant.
#[derive(Debug, Default, clap::Args)]
pub(crate) struct LogFilter {
    /// Only runs of this agent
    #[arg(long, value_name = "NAME")]
    pub(crate) agent: Option<String>,
    /// Only events of this kind, such as exec, connect, change or refused
    #[arg(long, value_name = "KIND", value_parser = clap::builder::PossibleValuesParser::new(pinfold_ledger::Event::KINDS))]
    pub(crate) kind: Vec<String>,
    /// Only what was allowed, or refused. Which files were refused is known of runs by `pinfold trace` only
    #[arg(long, value_enum)]
    pub(crate) verdict: Option<VerdictArg>,
    /// Only events about this path or what is below it
    #[arg(long, value_name = "PATH", value_hint = ValueHint::AnyPath)]
    pub(crate) path: Option<PathBuf>,
    /// Only events about this host or a name below it
    #[arg(long, value_name = "HOST")]
    pub(crate) host: Option<String>,
    /// Only from this time on: 2026-03-01, 2026-03-01T12:00:00Z, or how long ago, such as 2h or 7d
    #[arg(long, value_name = "TIME")]
    pub(crate) since: Option<String>,
    /// Only until this time
    #[arg(long, value_name = "TIME")]
    pub(crate) until: Option<String>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum VerdictArg {
    /// What was let through
    Allowed,
    /// What was not
    Refused,
}

#[derive(Debug, Subcommand)]
pub(crate) enum LogCommand {
    /// Find out whether anything has been changed, dropped, added or put elsewhere
    Verify {
        /// A checkpoint kept elsewhere (a file, or - for standard input): the ledger must still contain what it covers
        #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
        against: Option<PathBuf>,
    },
    /// Print a checkpoint of the whole ledger, to be kept elsewhere
    Checkpoint,
    /// Print a proof that an event is in the ledger, which others can check
    Prove {
        /// The run: its name, the first letters of it, or `last`
        session: String,
        /// The event's number, the first column of `pinfold log RUN`
        event: u64,
    },
    /// Write events for other systems: lines of JSON, a table, OCSF, or to an OpenTelemetry collector
    Export(ExportArgs),
    /// Answer a question in SQL about the table `events`
    Query {
        /// One SELECT, such as "select host, count(*) from events where verdict = 'refused' group by host"
        question: String,
        /// How the answer is written
        #[arg(long, value_enum, default_value_t = TableFormat::Table)]
        format: TableFormat,
    },
    /// Check a proof that somebody else has made
    Check {
        /// The proof (- for standard input)
        #[arg(value_hint = ValueHint::FilePath)]
        proof: PathBuf,
        /// The public key of the ledger it came from: key.pub beside it, ~/.local/state/pinfold/ledger/key.pub
        #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
        key: PathBuf,
    },
}

#[derive(Debug, clap::Args)]
pub(crate) struct ExportArgs {
    /// In which form
    #[arg(long, value_enum)]
    pub(crate) format: ExportFormat,
    /// The collector, for otlp: http://HOST:4318 or https://HOST/PATH
    #[arg(long, value_name = "URL")]
    pub(crate) to: Option<String>,
    /// A header for the collector, such as authorization
    #[arg(long, value_name = "NAME=VALUE")]
    pub(crate) header: Vec<String>,
    /// A run: its name, the first letters of it, or `last` [default: all]
    pub(crate) session: Option<String>,
    #[command(flatten)]
    pub(crate) filter: LogFilter,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum ExportFormat {
    /// The lines of the log, each with its run
    Jsonl,
    /// A table for spreadsheets
    Csv,
    /// Events of the Open Cybersecurity Schema Framework
    Ocsf,
    /// To an OpenTelemetry collector
    Otlp,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum TableFormat {
    /// For people
    Table,
    /// An object for each row
    Json,
    /// For spreadsheets
    Csv,
}

#[derive(Debug, clap::Args)]
pub(crate) struct ReportArgs {
    /// The run: its name, the first letters of it, or `last`
    #[arg(default_value = "last")]
    pub(crate) session: String,
    /// Where to [default: pinfold-SESSION.html in the current directory; - for standard output]
    #[arg(long, short, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub(crate) output: Option<PathBuf>,
}

#[derive(Debug, clap::Args)]
pub(crate) struct PlanArgs {
    #[command(flatten)]
    pub(crate) policy: PolicyFlags,
    /// Print the whole plan as JSON
    #[arg(long)]
    pub(crate) json: bool,
}

#[derive(Debug, clap::Args)]
pub(crate) struct WhyArgs {
    /// What would be done
    #[arg(value_enum)]
    pub(crate) access: AccessArg,
    /// To which path, or to which HOST[:PORT]
    #[arg(value_name = "PATH-OR-HOST", value_hint = ValueHint::AnyPath)]
    pub(crate) target: PathBuf,
    #[command(flatten)]
    pub(crate) policy: PolicyFlags,
    /// Print the verdict as JSON
    #[arg(long)]
    pub(crate) json: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum AccessArg {
    /// Read a file or list a directory
    Read,
    /// Change, make or remove
    Write,
    /// Execute
    Exec,
    /// Connect over the network
    Connect,
}

#[derive(Debug, clap::Args)]
pub(crate) struct PolicyArgs {
    #[command(subcommand)]
    pub(crate) command: PolicyCommand,
}

#[derive(Debug, Subcommand)]
pub(crate) enum PolicyCommand {
    /// Check policy files for mistakes
    Check {
        /// The files [default: every file that is in force here]
        #[arg(value_hint = ValueHint::FilePath)]
        files: Vec<PathBuf>,
    },
    /// Print the policy in force here, each line with the rule it comes from
    Show {
        #[command(flatten)]
        policy: Box<PolicyFlags>,
        /// Write out the entries of named sets such as @system
        #[arg(long)]
        full: bool,
    },
    /// Print the JSON Schema of policy files
    Schema,
}

#[derive(Debug, clap::Args)]
pub(crate) struct TrustArgs {
    /// Take the trust back
    #[arg(long)]
    pub(crate) revoke: bool,
    /// The project [default: the workspace of the current directory]
    #[arg(value_hint = ValueHint::DirPath)]
    pub(crate) workspace: Option<PathBuf>,
}

#[derive(Debug, clap::Args)]
pub(crate) struct DoctorArgs {
    /// Repair what killed runs left behind, and remove what is kept for workspaces that do not exist any more
    #[arg(long, conflicts_with = "attack")]
    pub(crate) clean: bool,
    /// Attack a sandbox under the policy in force here, and print one line per promise
    #[arg(long)]
    pub(crate) attack: bool,
    /// Print the answer as JSON
    #[arg(long)]
    pub(crate) json: bool,
    /// Attack without a sandbox: then every promise must break, or the attacks prove nothing
    #[arg(long, hide = true, requires = "attack")]
    pub(crate) unconfined: bool,
    #[command(flatten)]
    pub(crate) policy: PolicyFlags,
}

#[derive(Debug, clap::Args)]
pub(crate) struct SetupArgs {
    /// Change nothing; tell what is there and what is missing
    #[arg(long)]
    pub(crate) check: bool,
    /// Put right what is not as it should be
    #[arg(long, conflicts_with_all = ["check", "uninstall"])]
    pub(crate) repair: bool,
    /// Remove everything that was made, without a trace
    #[arg(long, conflicts_with = "check")]
    pub(crate) uninstall: bool,
    /// The port at which a run's gate can be reached by commands that otherwise have no network
    #[arg(long, value_name = "PORT", default_value = "47300")]
    pub(crate) gate_port: std::num::NonZeroU16,
    /// For whom, by the identifier of the account; set where pinfold asks for an administrator itself
    #[arg(long, hide = true, value_name = "SID")]
    pub(crate) owner: Option<String>,
}

#[derive(Debug, clap::Args)]
pub(crate) struct CompletionsArgs {
    /// The shell
    #[arg(value_enum)]
    pub(crate) shell: clap_complete::Shell,
}
