//! What tests and benchmarks need on the machine: system packages and an ordinary user.

use std::path::Path;

use crate::shell::{Result, command, read, run, succeeds, which};

/// Who attacks when root runs the tests. The tests take the name from `PINFOLD_TEST_AS`.
pub(crate) const TEST_USER: &str = "pinfold-test";

/// How it is seen whether a package is there.
enum Sign {
    Program(&'static str),
    File(&'static str),
}

/// A package of Debian and its relatives.
pub(crate) struct Package {
    name: &'static str,
    sign: Sign,
    reason: &'static str,
}

const fn program(name: &'static str, program: &'static str, reason: &'static str) -> Package {
    Package { name, sign: Sign::Program(program), reason }
}

/// For the tests.
pub(crate) const FOR_TESTS: [Package; 22] = [
    program("git", "git", "repositories, worktrees and submodules to defend"),
    program("python3", "python3", "attacks that need sockets, ioctls and descriptors"),
    program("gcc", "gcc", "attacks in C; links the program"),
    Package { name: "libc6-dev", sign: Sign::File("/usr/include/stdio.h"), reason: "attacks in C" },
    program("strace", "strace", "tracing own children must work inside"),
    program("gdb", "gdb", "debugging own children must work inside"),
    program("tmux", "tmux", "a terminal to drive an interactive run in"),
    program("util-linux", "unshare", "namespaces for controls and for the empty root of releases"),
    program("iproute2", "ip", "networks of the tests' own"),
    program("openssl", "openssl", "certificates of the services there"),
    program("curl", "curl", "a client that everybody has"),
    program("nftables", "nft", "a redirection to the gate that is not our own"),
    Package { name: "postgresql", sign: Sign::File("/usr/lib/postgresql"), reason: "a server that speaks no HTTP" },
    program("openssh-server", "sshd", "a server that speaks first"),
    program("openssh-client", "ssh", "git over SSH"),
    program("nginx", "nginx", "a server of HTTP/2 that is not our own"),
    Package {
        name: "python3-samba",
        sign: Sign::File("/usr/lib/python3/dist-packages/samba/__init__.py"),
        reason: "decides over access lists of Windows, as another one does beside ours",
    },
    program("npm", "npm", "a package manager that makes many small files, and replaces them"),
    program("vim", "vim", "an editor that saves in several ways"),
    program("btrfs-progs", "mkfs.btrfs", "a file system whose files can share blocks"),
    program("procps", "ps", "what a process list shows inside"),
    program("passwd", "useradd", "makes the ordinary user"),
];

/// To build for Windows.
pub(crate) const FOR_WINDOWS: [Package; 1] = [program(
    "gcc-mingw-w64-x86-64-win32",
    "x86_64-w64-mingw32-gcc",
    "links for Windows; brings the tool for import libraries",
)];

/// To run what was built.
pub(crate) const FOR_WINE: [Package; 1] = [Package {
    name: "wine64",
    sign: Sign::File("/usr/lib/wine/wine64"),
    reason: "runs the tests that are built for Windows",
}];

/// For the benchmarks; named as missing where they are not there.
pub(crate) const FOR_BENCHMARKS: [Package; 4] = [
    program("hyperfine", "hyperfine", "times whole commands"),
    program("bubblewrap", "bwrap", "a neighbour to compare with"),
    program("ripgrep", "rg", "work to do inside"),
    program("rsync", "rsync", "takes over what was done in a copy"),
];

/// Installs what is missing when this is root on a machine with apt, and says what to run otherwise.
pub(crate) fn install(packages: &[Package]) -> Result<()> {
    let missing: Vec<&Package> = packages.iter().filter(|package| !package.is_there()).collect();
    if missing.is_empty() {
        return Ok(());
    }
    for package in &missing {
        eprintln!("   missing: {} ({})", package.name, package.reason);
    }
    let names: Vec<&str> = missing.iter().map(|package| package.name).collect();
    if !is_root() || which("apt-get").is_none() {
        eprintln!("   to install: sudo apt-get install --no-install-recommends {}", names.join(" "));
        return Ok(());
    }
    let apt = |words: &[&str]| run(command("apt-get", words).env("DEBIAN_FRONTEND", "noninteractive"));
    apt(&["update", "--quiet=2"])?;
    apt(&[["install", "--quiet=2", "--yes", "--no-install-recommends"].as_slice(), &names].concat())
}

impl Package {
    fn is_there(&self) -> bool {
        match self.sign {
            Sign::Program(program) => which(program).is_some(),
            Sign::File(file) => Path::new(file).exists(),
        }
    }
}

/// Is this root?
pub(crate) fn is_root() -> bool {
    read(&mut command("id", ["-u"])).is_ok_and(|id| id.trim() == "0")
}

/// Makes the ordinary user when this is root and it is missing.
pub(crate) fn make_test_user() -> Result<()> {
    if !is_root() || succeeds(&mut command("id", [TEST_USER])) {
        return Ok(());
    }
    run(&mut command("useradd", ["--create-home", "--shell", "/bin/sh", TEST_USER]))
}
