//! Git's pointer files: whatever `.git`, `commondir`, `gitdir` and `config` say, the survey ends, and what it calls
//! inside is inside. The input is the four files, separated by `%`.
#![no_main]

use std::path::{Path, PathBuf};
use std::sync::OnceLock;

use libfuzzer_sys::fuzz_target;
use pinfold_survey::{Place, Survey};

fuzz_target!(|bytes: &[u8]| {
    let scene = scene();
    let mut parts = bytes.splitn(4, |byte| *byte == b'%');
    for file in [".git", "admin/commondir", "admin/gitdir", "admin/config"] {
        std::fs::write(scene.join(file), parts.next().unwrap_or_default()).expect("a file of the scene");
    }
    let Ok(mut found) = Survey::new([scene]).names([".envrc"]).walk() else { return };
    for repository in &found.repositories {
        let trees = repository.worktrees.iter().flat_map(|tree| [Some(&tree.admin), tree.work_tree.as_ref()]);
        let own = [repository.git_dir.as_ref(), repository.common_dir.as_ref()];
        for place in trees.chain(own).flatten().chain(&repository.modules) {
            judge(scene, place);
        }
    }
    let _ = found.stamps.rescan(&Survey::new([scene]).names([".envrc"]));
});

fn judge(scene: &Path, Place { path, outside }: &Place) {
    assert!(path.is_absolute(), "{}", path.display());
    let climbs = path.components().any(|part| part == std::path::Component::ParentDir);
    assert!(!climbs, "{}", path.display());
    assert_eq!(path.starts_with(scene), !outside, "{}", path.display());
}

/// A work tree whose `.git` may lead to `admin`.
fn scene() -> &'static PathBuf {
    static SCENE: OnceLock<PathBuf> = OnceLock::new();
    SCENE.get_or_init(|| {
        let scene = std::env::temp_dir().join(format!("pinfold-fuzz-{}", std::process::id()));
        for directory in ["admin/worktrees/one", "admin/modules/two", "admin/objects", "admin/refs", "sub"] {
            std::fs::create_dir_all(scene.join(directory)).expect("a directory of the scene");
        }
        std::fs::write(scene.join("admin/HEAD"), "ref: refs/heads/main\n").expect("a file of the scene");
        std::fs::write(scene.join("admin/worktrees/one/gitdir"), scene.join("sub/.git").as_os_str().as_encoded_bytes())
            .expect("a file of the scene");
        scene
    })
}
