//! Identifiers over many runs in a directory of the test's own.

use std::path::{Path, PathBuf};

use super::*;

/// Random bytes that count up, and directories that are there unless they are named here.
#[derive(Debug, Default)]
struct Invented {
    drawn: u8,
    gone: Vec<&'static str>,
    unplugged: Vec<&'static str>,
}

impl World for Invented {
    fn random(&mut self, buffer: &mut [u8]) -> io::Result<()> {
        self.drawn += 1;
        buffer.fill(self.drawn);
        Ok(())
    }

    fn presence(&self, path: &str) -> Presence {
        match path {
            path if self.gone.contains(&path) => Presence::Gone,
            path if self.unplugged.contains(&path) => Presence::Unknown,
            _ => Presence::There,
        }
    }
}

/// A directory that goes with the test.
struct Scratch(PathBuf);

impl Scratch {
    fn new(name: &str) -> Self {
        let path = std::env::temp_dir().join(format!("pinfold-identifiers-{}-{name}", std::process::id()));
        std::fs::create_dir_all(&path).unwrap();
        Self(path)
    }

    fn file(&self) -> PathBuf {
        self.0.join("identifiers.json")
    }

    fn open(&self) -> Result<Identifiers, IdentifiersError> {
        Identifiers::open(&self.0, &Lock::of(&self.0).unwrap())
    }

    fn take(&self, world: &mut Invented, paths: &[&str]) -> Taken {
        let roots: Vec<Root<'_>> = paths.iter().map(|path| Root { path, file: None }).collect();
        self.open().unwrap().take(&roots, world).unwrap()
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

#[test]
fn a_root_keeps_its_identifier_and_no_two_have_the_same() {
    let (scratch, mut world) = (Scratch::new("keeps"), Invented::default());
    let first = scratch.take(&mut world, &[r"C:\work", r"C:\other"]);
    assert_ne!(first.sids[0], first.sids[1]);
    assert_eq!(first.sids[0].to_string(), "S-1-5-21-16843009-16843009-16843009-16843009");
    let written = std::fs::read(scratch.file()).unwrap();
    let second = scratch.take(&mut world, &[r"\\?\c:\WORK\"]);
    assert_eq!((&second.sids[0], second.gone.len(), world.drawn), (&first.sids[0], 0, 2));
    assert_eq!(std::fs::read(scratch.file()).unwrap(), written);
}

#[test]
fn random_bytes_that_come_again_make_no_second_root_of_the_first() {
    let (scratch, mut world) = (Scratch::new("again"), Invented::default());
    let first = scratch.take(&mut world, &[r"C:\a"]);
    world.drawn = 0;
    assert_ne!(scratch.take(&mut world, &[r"C:\b"]).sids, first.sids);
}

#[test]
fn another_directory_of_the_same_name_is_another_root() {
    let (scratch, mut world) = (Scratch::new("another"), Invented::default());
    let mut take = |path: &str, file: u128| {
        let root = Root { path, file: Some(FileId { volume: 1, file }) };
        scratch.open().unwrap().take(&[root], &mut world).unwrap()
    };
    let first = take(r"C:\work", 7);
    // As long as it is in use, both are remembered.
    let second = take(r"C:\Work", 8);
    assert!(second.gone.is_empty() && second.sids != first.sids);
    assert_eq!(take(r"C:\work", 7).sids, first.sids);
    let old = first.sids[0].clone();
    drop(first);
    assert_eq!(take(r"C:\Work", 8).gone, [old]);
    let directory = scratch.open().unwrap();
    assert!(!directory.forgotten(&second.sids[0]));
}

#[test]
fn what_is_gone_is_forgotten_unless_it_is_in_use() {
    let (scratch, mut world) = (Scratch::new("gone"), Invented::default());
    let used = scratch.take(&mut world, &[r"C:\used"]);
    let idle = scratch.take(&mut world, &[r"C:\idle", r"E:\stick"]).sids;
    world.gone = vec![r"C:\used", r"C:\idle"];
    world.unplugged = vec![r"E:\stick"];
    assert_eq!(scratch.take(&mut world, &[r"C:\new"]).gone, idle[..1]);
    let identifiers = scratch.open().unwrap();
    assert!(identifiers.in_use(&used.sids[0]) && identifiers.forgotten(&idle[0]) && !identifiers.forgotten(&idle[1]));
    let again = |own: &Taken| Identifiers::open_again(&scratch.0, &Lock::of(&scratch.0).unwrap(), own).unwrap();
    assert!(!again(&used).in_use(&used.sids[0]));
    let beside = scratch.take(&mut world, &[r"C:\used"]);
    assert!(beside.sids == used.sids && again(&used).in_use(&used.sids[0]));
    drop(beside);
    assert!(!again(&used).in_use(&used.sids[0]));
    drop(used);
    assert_eq!(scratch.open().unwrap().prune(&world).unwrap().len(), 1);
}

#[test]
fn the_oldest_goes_when_there_are_too_many() {
    let (scratch, mut world) = (Scratch::new("many"), Invented::default());
    let mut identifiers = scratch.open().unwrap();
    let taken: Vec<Taken> = ["a", "b", "c"]
        .iter()
        .map(|path| identifiers.take(&[Root { path, file: None }], &mut world).unwrap())
        .collect();
    let [a, b, c] = [0, 1, 2].map(|place| taken[place].sids[0].clone());
    identifiers.record.used(std::slice::from_ref(&a));
    assert_eq!(identifiers.keep_within(2, &[]).unwrap(), std::slice::from_ref(&b));
    assert_eq!(identifiers.keep_within(1, std::slice::from_ref(&c)).unwrap(), [a]);
    identifiers.in_use.insert(c);
    assert!(matches!(identifiers.keep_within(0, &[]), Err(IdentifiersError::TooMany)));
}

#[test]
fn a_damaged_file_is_set_aside_and_said_so() {
    let (scratch, mut world) = (Scratch::new("damaged"), Invented::default());
    let in_use = scratch.take(&mut world, &[r"C:\work"]);
    let idle = scratch.take(&mut world, &[r"C:\idle"]).sids;
    let version = |path: &Path| std::fs::read(path).unwrap();
    let whole = version(&scratch.file());
    let too_large = vec![b' '; limits::MAX_IDENTIFIERS_BYTES as usize + 1];
    let unknown_key = br#"{"version":1,"roots":[],"more":1}"#.to_vec();
    for damaged in [vec![0; 40], whole[..whole.len() / 2].to_vec(), Vec::new(), unknown_key, too_large] {
        std::fs::write(scratch.file(), &damaged).unwrap();
        let identifiers = scratch.open().unwrap();
        assert_eq!(version(identifiers.set_aside.as_deref().unwrap()), damaged);
        assert!(identifiers.forgotten(&idle[0]) && !identifiers.forgotten(&in_use.sids[0]));
    }
    let other = br#"{"version":2,"something":[]}"#;
    std::fs::write(scratch.file(), other).unwrap();
    assert!(matches!(scratch.open(), Err(IdentifiersError::Unknown { version: 2 })));
    assert_eq!(version(&scratch.file()), other);
}

#[test]
fn nothing_is_left_of_uses_when_the_last_one_ends() {
    let (scratch, mut world) = (Scratch::new("uses"), Invented::default());
    let files = || std::fs::read_dir(scratch.0.join("uses")).unwrap().count();
    let (first, second) = (scratch.take(&mut world, &[r"C:\a", r"C:\b"]), scratch.take(&mut world, &[r"C:\a"]));
    assert_eq!(files(), 3);
    drop(first);
    assert_eq!(files(), 1);
    drop(second);
    assert_eq!(files(), 0);
}

#[test]
fn what_a_killed_run_has_left_is_not_in_use_and_goes() {
    let (scratch, mut world) = (Scratch::new("killed"), Invented::default());
    let sid = scratch.take(&mut world, &[r"C:\a"]).sids[0].clone();
    std::fs::write(scratch.0.join("uses").join(format!("{sid}_1-0")), "").unwrap();
    assert!(!scratch.open().unwrap().in_use(&sid));
    assert_eq!(std::fs::read_dir(scratch.0.join("uses")).unwrap().count(), 0);
}
