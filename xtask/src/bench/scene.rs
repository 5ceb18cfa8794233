//! What the measured commands work on. Made once, and found again the next time.

use std::path::{Path, PathBuf};

use crate::shell::{Result, command, run};

/// Files in the tree that is large only in number.
pub(super) const MANY_FILES: usize = 300_000;
/// Files in the repository.
pub(super) const REPOSITORY_FILES: usize = 50_000;
/// Files in the repository of a middling project.
pub(super) const PROJECT_FILES: usize = 5000;
/// Files in each directory.
const FILES_IN_A_DIRECTORY: usize = 100;
/// C files of the project that is built.
const C_FILES: usize = 60;
/// Crates of the workspace that is built.
const CRATES: usize = 24;
/// Modules of each crate that is built.
const MODULES: usize = 40;

/// A small repository.
pub(super) fn small(scenes: &Path) -> Result<PathBuf> {
    once(scenes, "small", |scene| {
        std::fs::write(scene.join("README.md"), "# Small\n")?;
        commit(scene)
    })
}

/// A tree of very many empty files, some of which a policy hides.
pub(super) fn many(scenes: &Path) -> Result<PathBuf> {
    once(scenes, "many", |scene| {
        init(scene)?;
        files(
            scene,
            MANY_FILES,
            |index| if index % 30_000 == 0 { ".env".into() } else { format!("file-{index}.txt") },
            "",
        )
    })
}

/// A repository with files to read.
pub(super) fn repository(scenes: &Path) -> Result<PathBuf> {
    once(scenes, "repository", |scene| files_of_text(scene, REPOSITORY_FILES))
}

/// The repository of a middling project.
pub(super) fn project(scenes: &Path) -> Result<PathBuf> {
    once(scenes, "project", |scene| files_of_text(scene, PROJECT_FILES))
}

fn files_of_text(scene: &Path, count: usize) -> Result<()> {
    let text = "The quick brown fox jumps over the lazy dog, and the dog sleeps on.\n".repeat(12);
    files(scene, count, |index| format!("file-{index}.txt"), &text)?;
    commit(scene)
}

/// A project in C, and how to build it from nothing.
pub(super) fn c_project(scenes: &Path) -> Result<PathBuf> {
    once(scenes, "c-project", |scene| {
        for index in 0..C_FILES {
            let text = format!(
                "#include <stdio.h>\n#include <stdlib.h>\n#include <string.h>\nint part_{index}(int x) {{ char b[64]; snprintf(b, sizeof b, \"%d\", x); return atoi(b) + (int)strlen(b); }}\n"
            );
            std::fs::write(scene.join(format!("part_{index}.c")), text)?;
        }
        let makefile = "OBJECTS := $(patsubst %.c,%.o,$(wildcard *.c))\nall: $(OBJECTS)\n\tgcc -shared -o parts.so $(OBJECTS)\n%.o: %.c\n\tgcc -O2 -fPIC -c -o $@ $<\nclean:\n\trm -f *.o parts.so\n";
        std::fs::write(scene.join("Makefile"), makefile)?;
        std::fs::write(scene.join(".gitignore"), "*.o\n*.so\n")?;
        commit(scene)
    })
}

/// A crate without dependencies.
pub(super) fn rust_crate(scenes: &Path) -> Result<PathBuf> {
    once(scenes, "crate", |scene| {
        package(scene, "work", "[workspace]\n", "main")?;
        std::fs::write(scene.join(".gitignore"), "/target\n")?;
        commit(scene)
    })
}

/// A workspace of crates, of which one needs all others.
pub(super) fn rust_workspace(scenes: &Path) -> Result<PathBuf> {
    once(scenes, "crates", |scene| {
        let mut needed = String::from("[dependencies]\n");
        for name in (0..CRATES).map(|index| format!("work-{index}")) {
            package(&scene.join(&name), &name, "", "all")?;
            needed += &format!("{name} = {{ path = \"../{name}\" }}\n");
        }
        package(&scene.join("work"), "work", &needed, "main")?;
        std::fs::write(scene.join("Cargo.toml"), "[workspace]\nmembers = [\"work\"]\nresolver = \"2\"\n")?;
        std::fs::write(scene.join(".gitignore"), "/target\n")?;
        commit(scene)
    })
}

/// A package of many modules, with a function that calls all: the `main` of a program, or one of a library.
fn package(directory: &Path, name: &str, rest: &str, function: &str) -> Result<()> {
    let source = directory.join("src");
    std::fs::create_dir_all(&source)?;
    let manifest = format!("[package]\nname = \"{name}\"\nversion = \"0.0.0\"\nedition = \"2021\"\n{rest}");
    std::fs::write(directory.join("Cargo.toml"), manifest)?;
    let (mut modules, mut calls) = (String::new(), String::new());
    for index in 0..MODULES {
        modules += &format!("mod part_{index};\n");
        calls += &format!("    println!(\"{{}}\", part_{index}::part(3));\n");
        let text = format!(
            "pub fn part(x: u64) -> String {{ let v: Vec<u64> = (0..x).map(|y| y * {index}).collect(); format!(\"{{v:?}}\") }}\n"
        );
        std::fs::write(source.join(format!("part_{index}.rs")), text)?;
    }
    let root = source.join(if function == "main" { "main.rs" } else { "lib.rs" });
    std::fs::write(root, format!("{modules}pub fn {function}() {{\n{calls}}}\n"))?;
    Ok(())
}

/// Makes a scene unless it is there whole.
fn once(scenes: &Path, name: &str, make: impl FnOnce(&Path) -> Result<()>) -> Result<PathBuf> {
    let (scene, whole) = (scenes.join(name), scenes.join(format!("{name}.whole")));
    if !whole.exists() {
        let _ = std::fs::remove_dir_all(&scene);
        std::fs::create_dir_all(&scene)?;
        make(&scene)?;
        std::fs::write(whole, "")?;
    }
    Ok(scene)
}

fn files(scene: &Path, count: usize, name: impl Fn(usize) -> String, text: &str) -> Result<()> {
    for index in 0..count {
        let group = index / FILES_IN_A_DIRECTORY;
        let directory = scene.join(format!("tree-{}/group-{group}", group / 50));
        if index % FILES_IN_A_DIRECTORY == 0 {
            std::fs::create_dir_all(&directory)?;
        }
        std::fs::write(directory.join(name(index)), text)?;
    }
    Ok(())
}

fn init(scene: &Path) -> Result<()> {
    run(command("git", ["init", "--quiet"]).current_dir(scene))
}

fn commit(scene: &Path) -> Result<()> {
    init(scene)?;
    run(command("git", ["add", "--all"]).current_dir(scene))?;
    let author = ["-c", "user.name=A", "-c", "user.email=a@example.org"];
    run(command("git", author).args(["commit", "--quiet", "--message", "all"]).current_dir(scene))
}
