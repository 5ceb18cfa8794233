//! Git obeys what it finds: hooks, settings, pointers to other directories. Nothing that a run leaves may make the
//! user's own git run a program. Each attack is followed by the user's ordinary work with real git outside.

use pinfold_tests::{Attack, Scene};

/// In the project itself.
fn in_project(script: &str) -> Attack {
    Attack::sh(script).springs_in("home/project")
}

/// A second repository in a directory of the project.
fn nested(scene: &Scene) {
    scene.write("home/project/vendor/lib/file", "text\n");
    scene.git("home/project/vendor/lib", &["init", "--quiet"]);
    scene.git("home/project/vendor/lib", &["add", "file"]);
    scene.git("home/project/vendor/lib", &["commit", "--quiet", "--message", "first"]);
}

// ---- hooks ----

#[test]
fn a_hook_appears_among_the_hooks() {
    in_project(r#"trap_at .git/hooks/pre-commit"#).is_contained();
}

#[test]
fn a_hook_appears_where_there_was_no_directory_of_hooks() {
    in_project(r#"trap_at .git/hooks/pre-commit"#)
        .before(|scene| std::fs::remove_dir_all(scene.path("home/project/.git/hooks")).expect("the hooks"))
        .is_contained();
}

#[test]
fn a_hook_that_is_there_is_changed() {
    in_project(r#"trap_at .git/hooks/post-commit"#)
        .before(|scene| scene.write_program("home/project/.git/hooks/post-commit", "#!/bin/sh\n"))
        .is_contained();
}

#[test]
fn the_directory_of_hooks_is_exchanged() {
    in_project(r#"mv .git/hooks .git/old; trap_at .git/hooks/pre-commit"#).is_contained();
}

#[test]
fn the_directory_of_hooks_becomes_a_link() {
    in_project(r#"trap_at mine/pre-commit; rm -rf .git/hooks; ln -s ../mine .git/hooks"#).is_contained();
}

#[test]
fn hooks_lie_in_the_project_where_a_link_leads() {
    in_project(r#"trap_at tools/hooks/pre-commit"#)
        .before(|scene| {
            scene.write_program("home/project/tools/hooks/pre-commit", "#!/bin/sh\n");
            std::fs::remove_dir_all(scene.path("home/project/.git/hooks")).expect("the hooks");
            scene.link("../tools/hooks", "home/project/.git/hooks");
        })
        .is_contained();
}

#[test]
fn hooks_lie_in_the_project_where_the_settings_say() {
    in_project(r#"trap_at tools/hooks/pre-commit"#)
        .before(|scene| {
            scene.write_program("home/project/tools/hooks/pre-commit", "#!/bin/sh\n");
            scene.git("home/project", &["config", "core.hooksPath", "tools/hooks"]);
        })
        .is_contained();
}

#[test]
fn hooks_appear_in_the_project_where_the_settings_say() {
    in_project(r#"trap_at .husky/_/pre-commit"#)
        .before(|scene| drop(scene.git("home/project", &["config", "core.hooksPath", ".husky/_"])))
        .is_contained();
}

#[test]
fn a_filter_that_the_settings_name_lies_in_the_project() {
    in_project(r#"trap_at tools/clean; echo more >> file.dat"#)
        .before(|scene| {
            scene.write_program("home/project/tools/clean", "#!/bin/sh\ncat\n");
            scene.write("home/project/.gitattributes", "*.dat filter=tidy\n");
            scene.write("home/project/file.dat", "text\n");
            scene.git("home/project", &["config", "filter.tidy.clean", "tools/clean"]);
        })
        .is_contained();
}

#[test]
fn settings_that_the_settings_include_lie_in_the_project() {
    in_project(r#"trap_config > tools/gitconfig"#)
        .before(|scene| {
            scene.write("home/project/tools/gitconfig", "[alias]\nst = status\n");
            scene.git("home/project", &["config", "include.path", "../tools/gitconfig"]);
        })
        .is_contained();
}

// ---- settings ----

#[test]
fn the_settings_are_changed_by_git() {
    in_project(r#"trap_at evil.sh; git config core.fsmonitor "$WORKSPACE/evil.sh""#).is_contained();
}

#[test]
fn the_settings_are_extended() {
    in_project(r#"trap_config >> .git/config"#).is_contained();
}

/// Whoever opens exactly this file has not taken its protection back, which is another word.
#[test]
fn the_settings_are_extended_where_a_person_has_opened_them() {
    in_project(r#"trap_config >> .git/config"#).flags("--write .git/config").is_contained();
}

#[test]
fn the_settings_are_exchanged() {
    in_project(r#"trap_config > mine; mv mine .git/config; rm -f .git/config; trap_config > .git/config"#)
        .is_contained();
}

#[test]
fn the_settings_are_exchanged_by_gits_own_lock_file() {
    in_project(r#"trap_config > .git/config.lock; mv .git/config.lock .git/config"#).is_contained();
}

#[test]
fn the_git_directory_is_exchanged() {
    in_project(r#"cp -a .git mine; mv .git old && mv mine .git; trap_config > .git/config"#).is_contained();
}

#[test]
fn the_git_directory_becomes_a_file_that_leads_elsewhere() {
    in_project(r#"cp -a .git mine; trap_config > mine/config; mv .git old || rm -rf .git; echo "gitdir: mine" > .git"#)
        .is_contained();
}

#[test]
fn the_git_directory_becomes_a_link() {
    in_project(r#"cp -a .git mine; trap_config > mine/config; mv .git old || rm -rf .git; ln -s mine .git"#)
        .is_contained();
}

#[test]
fn the_git_directory_is_exchanged_in_one_call() {
    Attack::python(
        r#"
script = "cp -a .git mine; printf '#!/bin/sh\\n: > \"%s\"\\n' \"$TRAP\" > evil.sh; chmod 755 evil.sh; git --git-dir=mine config core.fsmonitor \"$PWD/evil.sh\" || printf '[core]\\nrepositoryformatversion = 0\\nfsmonitor = %s\\n' \"$PWD/evil.sh\" > mine/config"
subprocess.run(["sh", "-c", script])
do(libc.renameat2, -100, b"mine", -100, b".git", 2)
"#,
    )
    .springs_in("home/project")
    .is_contained();
}

#[test]
fn another_git_directory_is_named_as_the_common_one() {
    in_project(r#"cp -a .git mine; trap_config > mine/config; echo "$WORKSPACE/mine" > .git/commondir; sleep 0.2"#)
        .is_contained();
}

#[test]
fn settings_of_one_worktree_appear() {
    in_project(r#"trap_config > .git/config.worktree; sleep 0.2"#)
        .before(|scene| drop(scene.git("home/project", &["config", "extensions.worktreeConfig", "true"])))
        .is_contained();
}

#[test]
fn attributes_choose_a_filter_that_the_user_has() {
    // The user's own settings name a program for a kind of files; the repository says which files are of that kind.
    in_project(
        r#"mkdir -p .git/info; echo '* filter=project' > .git/info/attributes; trap_at filter.sh; echo x >> README"#,
    )
    .before(|scene| {
        let settings = scene.read("home/.gitconfig");
        scene.write("home/.gitconfig", format!("{settings}[filter \"project\"]\nclean = ./filter.sh\n"));
    })
    .is_contained();
}

#[test]
fn attributes_appear_where_there_was_no_directory_for_them() {
    Attack::sh(r#"mkdir -p .git/info; echo '* filter=project' > .git/info/attributes; sleep 0.2"#)
        .before(|scene| std::fs::remove_dir_all(scene.path("home/project/.git/info")).expect("the directory"))
        .plants("home/project/.git/info")
        .is_contained();
}

#[test]
fn the_git_directory_is_closed_so_that_nothing_can_be_moved_away() {
    Attack::python(
        r##"
open("evil.sh", "w").write("#!/bin/sh\n: > '" + E["TRAP"] + "'\n")
os.chmod("evil.sh", 0o755)
subprocess.run(["cp", "-a", ".git", "mine"])
open("mine/config", "w").write("[core]\nrepositoryformatversion = 0\nfsmonitor = " + E["WORKSPACE"] + "/evil.sh\n")
os.chmod("mine", 0o555)
open(".git/fresh", "w").write(E["WORKSPACE"] + "/mine\n")
os.rename(".git/fresh", ".git/commondir")
os.chmod(".git", 0o555)
time.sleep(0.2)
"##,
    )
    .springs_in("home/project")
    .is_contained();
}

#[test]
fn a_bare_repository_is_closed_so_that_its_settings_cannot_be_moved_away() {
    Attack::sh(r#"mkdir -p docs/objects docs/refs; echo ref: refs/heads/main > docs/HEAD; trap_config > docs/config; printf '\tbare = false\n\tworktree = ..\n' >> docs/config; chmod 555 docs"#)
        .springs_in("home/project/docs")
        .is_contained();
}

#[test]
fn a_new_repository_is_closed_so_that_its_settings_cannot_be_moved_away() {
    Attack::sh(r#"git init --quiet fresh; trap_config > fresh/.git/config; chmod 555 fresh/.git"#)
        .springs_in("home/project/fresh")
        .is_contained();
}

#[test]
fn a_repository_lies_in_a_directory_that_cannot_be_listed() {
    Attack::sh(r#"git init --quiet fresh; trap_config > fresh/.git/config; chmod 311 fresh"#)
        .springs_in("home/project/fresh")
        .is_contained();
}

#[test]
fn a_rebase_is_left_half_done_with_a_command_in_it() {
    // `git status` only tells of it; `git rebase --continue` would execute it.
    Attack::sh(
        r#"d=.git/rebase-merge; mkdir -p $d; trap_at evil.sh; echo "exec $WORKSPACE/evil.sh" > $d/git-rebase-todo
        echo refs/heads/main > $d/head-name; git rev-parse HEAD > $d/onto; git rev-parse HEAD > $d/orig-head
        : > $d/interactive; : > $d/done; echo 1 > $d/msgnum; echo 1 > $d/end"#,
    )
    .after(|scene| {
        scene.git("home/project", &["status"]);
        scene.git("home/project", &["rebase", "--continue"]);
    })
    .springs()
    .is_contained();
}

// ---- repositories in the project ----

#[test]
fn the_settings_of_a_nested_repository_are_changed() {
    Attack::sh(r#"trap_config > vendor/lib/.git/config"#)
        .before(nested)
        .springs_in("home/project/vendor/lib")
        .is_contained();
}

#[test]
fn a_hook_appears_in_a_nested_repository() {
    Attack::sh(r#"trap_at vendor/lib/.git/hooks/pre-commit"#)
        .before(nested)
        .before(|scene| std::fs::remove_dir_all(scene.path("home/project/vendor/lib/.git/hooks")).expect("the hooks"))
        .springs_in("home/project/vendor/lib")
        .is_contained();
}

#[test]
fn the_directory_around_a_nested_repository_is_exchanged() {
    Attack::sh(r#"cp -a vendor mine; trap_config > mine/lib/.git/config; mv vendor old; mv mine vendor"#)
        .before(nested)
        .springs_in("home/project/vendor/lib")
        .is_contained();
}

#[test]
fn a_repository_is_made_with_settings_of_its_own() {
    Attack::sh(r#"git init --quiet fresh; trap_config > fresh/.git/config"#)
        .springs_in("home/project/fresh")
        .is_contained();
}

#[test]
fn a_repository_is_made_in_a_project_that_was_none() {
    Attack::sh(r#"git init --quiet .; trap_config > .git/config; sleep 0.2"#)
        .before(|scene| std::fs::remove_dir_all(scene.path("home/project/.git")).expect("the git directory"))
        .springs_in("home/project")
        .is_contained();
}

#[test]
fn a_directory_of_the_project_is_made_into_a_bare_repository() {
    // Git takes a directory for a repository when it holds `HEAD`, `objects` and `refs`.
    Attack::sh(r#"mkdir -p docs/objects docs/refs; echo ref: refs/heads/main > docs/HEAD; trap_config > docs/config; printf '\tbare = false\n\tworktree = ..\n' >> docs/config"#)
        .springs_in("home/project/docs")
        .is_contained();
}

#[test]
fn the_project_itself_is_made_into_a_bare_repository() {
    // Without its HEAD `.git` is none any more, and git tries the project's own directory.
    in_project(r#"rm -f .git/HEAD; mkdir -p objects refs; echo ref: refs/heads/main > HEAD; trap_config > config; printf '\tbare = false\n\tworktree = .\n' >> config"#)
        .is_contained();
}

#[test]
fn the_settings_of_a_bare_repository_are_changed() {
    Attack::sh(r#"trap_config > mirror.git/config; printf '\tbare = false\n\tworktree = ..\n' >> mirror.git/config"#)
        .before(|scene| drop(scene.git("home/project", &["clone", "--quiet", "--bare", ".", "mirror.git"])))
        .springs_in("home/project/mirror.git")
        .is_contained();
}

#[test]
fn a_hook_appears_in_a_bare_repository() {
    Attack::sh(r#"trap_at mirror.git/hooks/post-receive"#)
        .before(|scene| drop(scene.git("home/project", &["clone", "--quiet", "--bare", ".", "mirror.git"])))
        .after(|scene| drop(scene.git("home/project", &["push", "--quiet", "./mirror.git", "HEAD:refs/heads/new"])))
        .springs()
        .is_contained();
}

// ---- linked worktrees ----

/// A linked worktree in a directory of the project.
fn worktree_inside(scene: &Scene) {
    scene.git("home/project", &["worktree", "add", "--quiet", "-b", "side", "trees/side"]);
}

#[test]
fn the_pointer_of_a_linked_worktree_is_changed() {
    Attack::sh(r#"cp -a .git mine; trap_config > mine/config; rm -f trees/side/.git; echo "gitdir: $WORKSPACE/mine" > trees/side/.git"#)
        .before(worktree_inside)
        .springs_in("home/project/trees/side")
        .is_contained();
}

#[test]
fn a_linked_worktree_gets_another_common_directory() {
    Attack::sh(r#"cp -a .git mine; trap_config > mine/config; echo "$WORKSPACE/mine" > .git/worktrees/side/commondir"#)
        .before(worktree_inside)
        .springs_in("home/project/trees/side")
        .is_contained();
}

#[test]
fn a_linked_worktree_gets_settings_of_its_own() {
    Attack::sh(r#"trap_config > .git/worktrees/side/config.worktree; sleep 0.2"#)
        .before(worktree_inside)
        .before(|scene| drop(scene.git("home/project", &["config", "extensions.worktreeConfig", "true"])))
        .springs_in("home/project/trees/side")
        .is_contained();
}

#[test]
fn the_directory_of_linked_worktrees_is_exchanged() {
    Attack::sh(
        r#"cp -a .git mine; trap_config > mine/config; cp -a .git/worktrees moved
        echo "$WORKSPACE/mine" > moved/side/commondir; mv .git/worktrees .git/old; mv moved .git/worktrees"#,
    )
    .before(worktree_inside)
    .springs_in("home/project/trees/side")
    .is_contained();
}

#[test]
fn a_linked_worktree_is_made_with_another_common_directory() {
    Attack::sh(
        r#"git worktree add --quiet -b fresh fresh; cp -a .git mine; trap_config > mine/config
        echo "$WORKSPACE/mine" > .git/worktrees/fresh/commondir; sleep 0.2"#,
    )
    .springs_in("home/project/fresh")
    .is_contained();
}

/// The project is itself a linked worktree; the repository lies in `home/main`.
fn project_is_a_worktree(scene: &Scene) {
    std::fs::rename(scene.path("home/project"), scene.path("home/main")).expect("the repository elsewhere");
    scene.git("home/main", &["worktree", "add", "--quiet", "-b", "side", "../project"]);
}

fn in_worktree(script: &str) -> Attack {
    Attack::sh(script).before(project_is_a_worktree).springs_in("home/project").springs_in("home/main")
}

#[test]
fn from_a_linked_worktree_the_settings_of_the_repository_are_changed() {
    in_worktree(
        r#"trap_at evil.sh; git config core.fsmonitor "$WORKSPACE/evil.sh"; trap_config > ../main/.git/config"#,
    )
    .is_contained();
}

#[test]
fn from_a_linked_worktree_a_hook_of_the_repository_is_made() {
    in_worktree(r#"trap_at ../main/.git/hooks/pre-commit"#).is_contained();
}

#[test]
fn from_a_linked_worktree_a_hook_is_made_where_there_was_no_directory_of_hooks() {
    in_worktree(r#"trap_at ../main/.git/hooks/pre-commit; sleep 0.2"#)
        .before(|scene| std::fs::remove_dir_all(scene.path("home/main/.git/hooks")).expect("the hooks"))
        .is_contained();
}

#[test]
fn from_a_linked_worktree_its_pointer_is_changed() {
    in_worktree(
        r#"cp -a ../main/.git mine; trap_config > mine/config; rm -f .git; echo "gitdir: $WORKSPACE/mine" > .git"#,
    )
    .is_contained();
}

#[test]
fn from_a_linked_worktree_its_common_directory_is_changed() {
    in_worktree(
        r#"cp -a ../main/.git mine; trap_config > mine/config
        echo "$WORKSPACE/mine" > ../main/.git/worktrees/project/commondir"#,
    )
    .is_contained();
}

#[test]
fn from_a_linked_worktree_the_common_directory_of_the_repository_is_named() {
    in_worktree(
        r#"cp -a ../main/.git mine; trap_config > mine/config; echo "$WORKSPACE/mine" > ../main/.git/commondir
        sleep 0.2"#,
    )
    .is_contained();
}

#[test]
fn from_a_linked_worktree_a_file_of_the_main_one_is_changed() {
    Attack::sh(r#"echo stolen > ../main/README"#)
        .before(project_is_a_worktree)
        .harms("home/main/README")
        .is_contained();
}

#[test]
fn a_made_up_pointer_opens_a_directory_of_the_home() {
    // A previous run left a `.git` file that names somebody else's directory. The next run must not mount it.
    Attack::sh(r#"echo stolen > "$OTHER/.git/HEAD""#)
        .before(|scene| {
            scene.git("home/other", &["init", "--quiet"]);
            std::fs::remove_dir_all(scene.path("home/project/.git")).expect("the git directory");
            scene.write("home/project/.git", format!("gitdir: {}\n", scene.path("home/other/.git").display()));
        })
        .harms("home/other/.git/HEAD")
        .is_contained();
}

#[test]
fn a_made_up_link_opens_a_directory_of_the_home() {
    Attack::sh(r#"echo stolen > "$OTHER/.git/HEAD""#)
        .before(|scene| {
            scene.git("home/other", &["init", "--quiet"]);
            std::fs::remove_dir_all(scene.path("home/project/.git")).expect("the git directory");
            scene.link(scene.path("home/other/.git"), "home/project/.git");
        })
        .harms("home/other/.git/HEAD")
        .is_contained();
}

// ---- submodules ----

fn submodule(scene: &Scene) {
    add_submodule(scene, "home/project");
    assert!(scene.has("home/project/.git/modules/sub/config"), "a submodule");
}

fn add_submodule(scene: &Scene, work_tree: &str) {
    scene.git("home/other", &["init", "--quiet"]);
    scene.git("home/other", &["add", "README"]);
    scene.git("home/other", &["commit", "--quiet", "--message", "first"]);
    let other = scene.path("home/other");
    scene.git(work_tree, &["submodule", "--quiet", "add", other.to_str().expect("a path"), "sub"]);
    scene.git(work_tree, &["commit", "--quiet", "--message", "with a submodule"]);
}

fn in_submodule(script: &str) -> Attack {
    Attack::sh(script).before(submodule).springs_in("home/project/sub").springs_in("home/project")
}

#[test]
fn the_pointer_of_a_submodule_is_changed() {
    in_submodule(
        r#"cp -a .git/modules/sub mine; trap_config > mine/config; rm -f sub/.git; echo "gitdir: $WORKSPACE/mine" > sub/.git"#,
    )
    .is_contained();
}

#[test]
fn the_settings_of_a_submodule_are_changed() {
    in_submodule(
        r#"trap_config > .git/modules/sub/config; printf '\tworktree = ../../../sub\n' >> .git/modules/sub/config"#,
    )
    .is_contained();
}

#[test]
fn a_hook_appears_in_a_submodule() {
    in_submodule(r#"trap_at .git/modules/sub/hooks/pre-commit"#).is_contained();
}

#[test]
fn the_directory_of_submodules_is_exchanged() {
    in_submodule(
        r#"cp -a .git/modules moved; trap_config > moved/sub/config; printf '\tworktree = ../../../sub\n' >> moved/sub/config
        mv .git/modules .git/old; mv moved .git/modules"#,
    )
    .is_contained();
}

#[test]
fn the_directory_of_a_submodule_is_exchanged_for_a_repository() {
    in_submodule(r#"mv sub old; git init --quiet sub; trap_config > sub/.git/config"#).is_contained();
}

#[test]
fn a_submodule_gets_another_common_directory() {
    in_submodule(
        r#"cp -a .git/modules/sub mine; trap_config > mine/config; echo "$WORKSPACE/mine" > .git/modules/sub/commondir
        sleep 0.2"#,
    )
    .is_contained();
}

/// Makes the submodule `sub` with settings of its own, its git directory in `$1`, which `sub/.git` calls `$2`.
const MADE_UP: &str = r#"made_up() { git init --quiet sub; (cd sub; git commit --quiet --allow-empty --message x)
    mkdir -p "$1"; mv sub/.git "$1/sub"; echo "gitdir: $2/sub" > sub/.git; trap_config > "$1/sub/config"; }"#;

#[test]
fn a_submodule_is_made_with_settings_of_its_own() {
    Attack::sh(format!("{MADE_UP}; made_up .git/modules ../.git/modules"))
        .springs_in("home/project/sub")
        .is_contained();
}

#[test]
fn from_a_linked_worktree_a_submodule_is_made_with_settings_of_its_own() {
    for place in [".git/modules", ".git/worktrees/project/modules"] {
        Attack::sh(format!("{MADE_UP}; made_up ../main/{place} ../../main/{place}"))
            .before(project_is_a_worktree)
            .springs_in("home/project/sub")
            .is_contained();
    }
}

#[test]
fn the_settings_of_a_submodule_of_a_linked_worktree_are_changed() {
    Attack::sh(r#"trap_config > .git/worktrees/side/modules/sub/config"#)
        .before(worktree_inside)
        .before(|scene| {
            add_submodule(scene, "home/project/trees/side");
            assert!(scene.has("home/project/.git/worktrees/side/modules/sub/config"), "a submodule");
        })
        .springs_in("home/project/trees/side/sub")
        .is_contained();
}

#[test]
fn a_submodule_is_made_whose_files_are_those_of_another_directory() {
    for work_tree in
        ["../../../../other", "../../../away", "../../../away/../other", "../../../\\\"sub\\\"/../../other"]
    {
        Attack::sh(format!(
            r#"git init --quiet sub; (cd sub; echo evil > README; git add README; git commit --quiet --message x)
            mkdir -p .git/modules '"sub"'; mv sub/.git .git/modules/sub; echo gitdir: ../.git/modules/sub > sub/.git
            ln -s ../other away; printf '[core]\nrepositoryformatversion = 0\nworktree = {work_tree}\n' > .git/modules/sub/config"#
        ))
        .after(|scene| drop(scene.git("home/project/sub", &["checkout", "--force", "."])))
        .harms("home/other/README")
        .is_contained();
    }
}
