//! Each attack on this very process or on what it made, where nothing is in its way.

use super::objects::{Event, Pipe, Section, add_atom, has_atom, read_section, remove_atom, set_event, write_section};
use super::{handles, processes, registry};

fn unique(name: &str) -> String {
    format!("pinfold-test-{}-{name}", std::process::id())
}

#[test]
fn objects_are_found_by_their_names() {
    let name = unique("object");
    let event = Event::new(&format!("{name}-event")).unwrap();
    assert!(!event.is_set());
    set_event(&format!("{name}-event")).unwrap();
    assert!(event.is_set());
    let section = Section::new(&format!("{name}-section"), "first").unwrap();
    assert!(read_section(&format!("{name}-section")).unwrap().starts_with(b"first"));
    write_section(&format!("{name}-section"), "other").unwrap();
    assert!(section.content().unwrap().starts_with(b"other"));
    assert!(!has_atom(&name));
    add_atom(&name).unwrap();
    assert!(has_atom(&name));
    remove_atom(&name);
    assert!(!has_atom(&name));
}

#[test]
fn what_is_written_into_a_pipe_waits_there() {
    let name = format!(r"\\.\pipe\{}", unique("pipe"));
    let pipe = Pipe::new(&name).unwrap();
    assert!(!pipe.was_written());
    std::io::Write::write_all(&mut std::fs::OpenOptions::new().write(true).open(&name).unwrap(), b"attacked").unwrap();
    assert!(pipe.was_written());
}

#[test]
fn values_of_the_registry_come_and_go() {
    let (key, name) = (r"Environment", unique("value"));
    registry::set_value(key, &name, "text").unwrap();
    assert!(registry::has_value(key, &name));
    assert!(registry::value_names(key).unwrap().contains(&name));
    registry::remove_value(key, &name).unwrap();
    assert!(!registry::has_value(key, &name));
}

#[test]
fn a_process_is_read_and_written_at_an_address() {
    let (own, mut secret) = (std::process::id(), b"secret".to_vec());
    let address = secret.as_ptr().addr();
    assert_eq!(processes::read_memory(own, address, 6).unwrap(), b"secret");
    processes::write_memory(own, address, b"public").unwrap();
    assert_eq!(std::hint::black_box(&mut secret), b"public");
    assert!(processes::priority(own).unwrap() > 0);
}

#[test]
fn a_handle_is_read_by_its_number_and_nonsense_is_not() {
    use std::os::windows::io::AsRawHandle;
    let path = std::env::temp_dir().join(unique("handle"));
    std::fs::write(&path, "content").unwrap();
    let file = handles::inheritable_copy(&std::fs::File::open(&path).unwrap()).unwrap();
    assert_eq!(handles::read_handle(file.as_raw_handle().addr()).unwrap(), b"content");
    assert!(handles::read_handle(0xfff0).is_err());
    drop(file);
    std::fs::remove_file(&path).unwrap();
}

#[test]
fn a_command_line_is_what_comes_after_its_length() {
    let text: Vec<u64> = "a.exe 1".encode_utf16().map(u64::from).collect();
    let words: Vec<u64> =
        text.chunks(4).map(|chunk| chunk.iter().rev().fold(0, |sum, unit| sum << 16 | unit)).collect();
    let buffer = [&[14, 0], words.as_slice(), &[u64::MAX]].concat();
    assert_eq!(processes::text_after_head(&buffer), "a.exe 1");
    assert_eq!(processes::text_after_head(&[200]), "");
}
