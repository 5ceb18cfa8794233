//! What a file must be, whatever it is called: the few things that data cannot say.

use std::path::Path;

use pinfold_policy::Platform;
use serde::Deserialize;

use crate::content::Hit;
use crate::git::{self, Leads};
use crate::limits::HEAD_BYTES;
use crate::tree::{Content, Regular, Thing, Tree};

/// What a file must be.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Look {
    /// Machine code that a system would load: ELF, Mach-O or PE.
    MachineCode,
    /// A text that may be executed by its mode, or on Windows by its name or first line.
    Script,
    /// A symbolic link.
    Link,
    /// A symbolic link that leads out of the root.
    LinkOut,
    /// A `.git` file or link that leads out of the root.
    PointerOut,
    /// A `.git` file or link that leads to a place below the root which is not below a `.git`.
    PointerElsewhere,
    /// The `HEAD` of a git directory that is not called `.git` and lies in none.
    BareRepository,
    /// An interpreter that is no link to an interpreter.
    StrayInterpreter,
    /// Bytecode that Python loads without looking at the source.
    UncheckedBytecode,
}

/// What a look needs to know.
pub(crate) struct Seen<'a> {
    pub(crate) tree: &'a Tree,
    pub(crate) platform: Platform,
    pub(crate) path: &'a Path,
    pub(crate) thing: &'a Thing,
    /// Where the `.git` file of the root leads, if the run has not changed it.
    pub(crate) own_pointer: Option<&'a Path>,
}

impl Look {
    /// Whether the thing is what the rule is about; with the place that shows it, if it is one.
    pub(crate) fn at(self, seen: &Seen<'_>) -> Option<Option<Hit>> {
        let Seen { tree, platform, path, thing, own_pointer } = seen;
        let leads_out = |target: &Path| tree.leads_to(path, target).is_none();
        let shown = |target: &Path| Some(Some(Hit { line: 0, text: format!("→ {}", target.display()) }));
        match (self, thing) {
            (Self::MachineCode, Thing::File(file)) => is_machine_code(&head(file)).then_some(None),
            (Self::Script, Thing::File(file)) => is_script(file).then_some(None),
            (Self::UncheckedBytecode, Thing::File(file)) => is_unchecked(&head(file)).then_some(None),
            (Self::Link, Thing::Link(target)) => shown(target),
            (Self::LinkOut | Self::PointerOut, Thing::Link(target)) if leads_out(target) => shown(target),
            (Self::PointerElsewhere, Thing::Link(target)) if !leads_out(target) => shown(target),
            (Self::PointerOut | Self::PointerElsewhere, Thing::File(file)) => {
                let Content::Bytes(content) = file.content() else { return Some(None) };
                let leads = git::pointer(tree, *platform, path, &content, *own_pointer)?;
                let wanted = if self == Self::PointerOut { Leads::Out } else { Leads::Elsewhere };
                let text = String::from_utf8_lossy(&content).into_owned();
                (leads == wanted).then_some(Some(Hit { line: 1, text }))
            }
            (Self::BareRepository, Thing::File(_) | Thing::Link(_)) => {
                (!git::lies_in_dot_git(path, *platform)).then_some(None)
            }
            (Self::StrayInterpreter, Thing::Link(target)) if !is_interpreter(target) => shown(target),
            (Self::StrayInterpreter, Thing::File(_)) => Some(None),
            _ => None,
        }
    }
}

fn head(file: &Regular) -> Vec<u8> {
    file.head(HEAD_BYTES).unwrap_or_default()
}

/// `PT_DYN` and `PT_EXEC` of ELF, what the loaders of macOS take, and the `MZ` of Windows with room for a header.
fn is_machine_code(head: &[u8]) -> bool {
    match head {
        // Object files (type 1) are food for linkers only. The type is in the file's own byte order.
        [0x7f, b'E', b'L', b'F', ..] => {
            matches!((head.get(16), head.get(17)), (Some(2 | 3), Some(0)) | (Some(0), Some(2 | 3)))
        }
        [0xcf | 0xce, 0xfa, 0xed, 0xfe, ..] => !matches!(head.get(12), Some(1)),
        // Not the class files of Java, whose version follows where a universal binary has a small count.
        [0xca, 0xfe, 0xba, 0xbe, 0, 0, 0, count, ..] => *count < 20,
        [b'M', b'Z', ..] => head.len() as u64 == HEAD_BYTES,
        _ => false,
    }
}

fn is_script(file: &Regular) -> bool {
    file.may_be_executed() && !is_machine_code(&head(file))
}

/// PEP 552: the flags say "made from a hash of the source" and do not say "check it".
fn is_unchecked(head: &[u8]) -> bool {
    matches!(head, [_, _, b'\r', b'\n', 1, 0, 0, 0, ..])
}

fn is_interpreter(target: &Path) -> bool {
    let name = target.file_name().unwrap_or_default().to_string_lossy();
    let version = name.strip_prefix("python").or_else(|| name.strip_prefix("pypy")).unwrap_or("x");
    version.bytes().all(|byte| byte.is_ascii_digit() || matches!(byte, b'.' | b't'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn machine_code_is_known_by_its_first_bytes() {
        let elf = |kind: u8| [&b"\x7fELF\x02\x01\x01\0\0\0\0\0\0\0\0\0"[..], &[kind, 0]].concat();
        assert!(is_machine_code(&elf(2)) && is_machine_code(&elf(3)));
        assert!(!is_machine_code(&elf(1)) && !is_machine_code(b"\x7fELF"));
        assert!(is_machine_code(b"\xcf\xfa\xed\xfe\x0c\0\0\x01\0\0\0\0\x02"));
        assert!(!is_machine_code(b"\xca\xfe\xba\xbe\0\0\0\x41"), "a Java class");
        assert!(!is_machine_code(b"MZ, a document"));
    }

    #[test]
    fn interpreters_have_a_name_of_their_own() {
        assert!(["/usr/bin/python3.13t", "python", "pypy3"].iter().all(|name| is_interpreter(Path::new(name))));
        assert!(["/tmp/x", "python-evil", "../../python.sh"].iter().all(|name| !is_interpreter(Path::new(name))));
    }
}
