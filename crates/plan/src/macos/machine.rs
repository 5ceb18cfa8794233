//! What every run needs of the machine besides files of the policy, each with a reason. What is not here is refused.

use std::borrow::Cow;
use std::path::Path;

use super::host::Host;
use super::pattern::Pattern;
use super::profile::{Filter, Operation, Profile};

/// Devices that can be read and written, with the reason.
const DEVICES: [(&str, &str); 8] = [
    ("/dev/null", "nothing"),
    ("/dev/zero", "zeros"),
    ("/dev/random", "random numbers"),
    ("/dev/urandom", "random numbers"),
    ("/dev/tty", "the own terminal, whichever it is"),
    ("/dev/ptmx", "makes terminals"),
    ("/dev/dtracehelper", "the dynamic loader opens it in every process that has probes"),
    ("/dev/autofs_nowait", "libraries open it so that a look at a path waits for no network"),
];

/// Names of descriptors that the process has already.
const DESCRIPTORS: [&str; 4] = ["/dev/fd", "/dev/stdin", "/dev/stdout", "/dev/stderr"];

/// Services of launchd that can be looked up, with the reason. A service is a program outside that does things for
/// whoever asks: each more is a way out that has to be thought about.
const SERVICES: [(&str, &str); 3] = [
    ("com.apple.system.opendirectoryd.libinfo", "names of users and groups: getpwuid(3)"),
    ("com.apple.system.opendirectoryd.membership", "groups of a user: id(1), permissions of access lists"),
    ("com.apple.system.notification_center", "notify(3), by which libraries learn of a new time zone"),
];

/// More of them, where the network is the host's. `trustd` and `ocspd` fetch addresses that a certificate names, and so
/// carry away what somebody writes into one: with rules they would be a way past the gate. Programs that verify by
/// Security.framework (those in Go) therefore do without TLS there.
pub(super) const NETWORK_SERVICES: [(&str, &str); 5] = [
    ("com.apple.trustd", "verifies certificates for Security.framework"),
    ("com.apple.trustd.agent", "verifies certificates for Security.framework"),
    ("com.apple.ocspd", "tells of certificates that were revoked"),
    ("com.apple.SystemConfiguration.configd", "name servers and proxies of the machine"),
    ("com.apple.SystemConfiguration.DNSConfiguration", "name servers of the machine"),
];

/// System variables that can be read, with the reason. Not all: `kern.procargs2` gives arguments and environment of the
/// user's other processes, and `kern.proc` lists them.
const SYSCTLS: [(&str, &str); 15] = [
    ("kern.argmax", "how long arguments may be: xargs(1)"),
    ("kern.hostname", "gethostname(3)"),
    ("kern.maxfilesperproc", "how many files may be open"),
    ("kern.ngroups", "how many groups a process has"),
    ("kern.osproductversion", "which macOS it is"),
    ("kern.osrelease", "uname(3)"),
    ("kern.ostype", "uname(3)"),
    ("kern.osvariant_status", "libraries ask which variant of the system it is"),
    ("kern.osversion", "which macOS it is"),
    ("kern.secure_kernel", "libraries ask whether checks are in force"),
    ("kern.usrstack64", "where the stack is: runtimes look for its end"),
    ("kern.version", "uname(3)"),
    ("sysctl.name2oid", "a name becomes a number: sysctlbyname(3)"),
    ("sysctl.proc_cputype", "whether the processor is translated"),
    ("vm.loadavg", "how many jobs a build starts"),
];

/// Beginnings of their names, with the reason.
const SYSCTL_PREFIXES: [(&str, &str); 3] = [
    ("hw.", "number and kind of processors, size of memory and pages"),
    ("machdep.cpu.", "what the processor can do"),
    ("vm.page_", "how much memory is free"),
];

/// Semaphores that can be made, with the reason. Their names are those of the whole machine.
const SEMAPHORES: [(&str, &str); 1] = [("^/mp-[0-9a-z_]+$", "multiprocessing of Python, with names by chance")];

/// Below `/System`, which is visible: the other volumes of the system, of which one shows everybody's files by another
/// name (firmlinks).
const VOLUMES: &str = "/System/Volumes";

/// What of them is needed.
const CRYPTEXES: &str = "/System/Volumes/Preboot/Cryptexes";

/// What is the same whatever the policy says.
pub(super) fn base(profile: &mut Profile, host: &Host) {
    use Operation::{AppleeventSend, FileMapExecutable, IokitGetProperties, NvramAll, ProcessInfoAll};
    let open = [ProcessInfoAll, NvramAll, IokitGetProperties, FileMapExecutable, AppleeventSend];
    profile.deny(&open, Vec::new(), "some of these `deny default` leaves open");
    profile.allow(&[Operation::ProcessFork], Vec::new(), "processes of its own");
    let own = [ProcessInfoAll, Operation::Signal];
    profile.allow(&own, vec![Filter::SameSandbox], "processes of its own");
    let sysctls = SYSCTLS.iter().map(|(name, _)| Filter::Sysctl(Cow::Borrowed(*name)));
    let prefixes = SYSCTL_PREFIXES.iter().map(|(name, _)| Filter::SysctlPrefix(Cow::Borrowed(*name)));
    profile.allow(&[Operation::SysctlRead], sysctls.chain(prefixes).collect(), "what the machine is");
    profile.allow(&[Operation::MachLookup], services(&SERVICES), "services, as few as possible");
    let semaphores = SEMAPHORES.iter().map(|(name, _)| Filter::Semaphore(Pattern((*name).to_owned())));
    profile.allow(&[Operation::IpcPosixSem], semaphores.collect(), "semaphores of libraries");
    devices(profile);
    terminals(profile, host);
}

/// The services as filters.
pub(super) fn services(names: &[(&'static str, &str)]) -> Vec<Filter> {
    names.iter().map(|(name, _)| Filter::Service(Cow::Borrowed(name))).collect()
}

fn devices(profile: &mut Profile) {
    use Operation::{FileReadData, FileReadMetadata, FileWriteData};
    let devices = DEVICES.iter().map(|(path, _)| Filter::Literal(path.into()));
    let descriptors = DESCRIPTORS.iter().map(|path| Filter::Subpath(path.into()));
    let access = [FileReadData, FileReadMetadata, FileWriteData];
    profile.allow(&access, devices.chain(descriptors).collect(), "harmless devices");
    profile.allow(&[FileReadData, FileReadMetadata], vec![Filter::Literal("/".into())], "every process lists the root");
}

/// Terminals of others stay closed: whoever can open one reads what is typed there, and types.
fn terminals(profile: &mut Profile, host: &Host) {
    use Operation::{FileIoctl, FileReadData, FileReadMetadata, FileWriteData, FileWriteMode, FileWriteOwner};
    let why = "terminals of its own";
    profile.allow(&[Operation::PseudoTty], Vec::new(), why);
    let slaves = [FileReadData, FileReadMetadata, FileWriteData, FileWriteMode, FileWriteOwner, FileIoctl];
    profile.allow(&slaves, vec![Filter::OwnTerminal], why);
    let given = host.terminal.iter().map(|path| Filter::Literal(path.clone()));
    let controlled = ["/dev/ptmx", "/dev/tty"].map(|path| Filter::Literal(path.into()));
    profile.allow(&[FileIoctl], controlled.into_iter().chain(given).collect(), why);
}

/// Takes away what a visible part of the system leads to.
pub(super) fn volumes(profile: &mut Profile, is_visible: impl Fn(&Path) -> bool) {
    if is_visible(Path::new(VOLUMES)) {
        let why = "firmlinks show everybody's files here";
        profile.deny(Operation::READ_AND_WRITE, vec![Filter::Subpath(VOLUMES.into())], why);
        let why = "but for libraries of the system";
        profile.allow(Operation::READ, vec![Filter::Subpath(CRYPTEXES.into())], why);
    }
}
