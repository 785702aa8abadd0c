use crate::support::{binary, martlet};

fn new_in(folder: &std::path::Path, args: &[&str]) -> (i32, String) {
    let path = folder.to_str().unwrap();
    let args: Vec<&str> = ["new", path].iter().chain(args).copied().collect();
    let run = martlet(&args, "", &[]);
    (run.code, run.all().replace(path, "DIR").replace(binary().to_str().unwrap(), "martlet"))
}

#[test]
fn a_new_folder_is_good_and_tells_the_next_command() {
    for template in ["blank", "events", "hotel"] {
        let root = tempfile::tempdir().unwrap();
        let folder = root.path().join("shop");
        let (code, told) = new_in(&folder, &["--template", template]);
        assert_eq!(code, 0, "{told}");
        assert!(told.contains("-- stdout\nmartlet dev DIR\n"), "{told}");
        let check = martlet(&["check", folder.to_str().unwrap()], "", &[]);
        assert_eq!(check.code, 0, "{template}: {check:?}");
        assert!(folder.join("public/index.html").is_file() && folder.join("curl-format.txt").is_file());
        assert!(!folder.join("tests").exists() && !folder.join("data").exists());
        assert_eq!(std::fs::read_to_string(folder.join(".gitignore")).unwrap(), "/data/\n");
    }
}

#[test]
fn what_is_there_stays() {
    let root = tempfile::tempdir().unwrap();
    std::fs::write(root.path().join("mine.txt"), "precious").unwrap();
    insta::assert_snapshot!(new_in(root.path(), &[]).1, @r"
    1
    -- stdout
    -- stderr
    error: the folder `DIR` is not empty

    hint: name a new folder, or empty this one
    ");
    assert_eq!(std::fs::read_dir(root.path()).unwrap().count(), 1);
    insta::assert_snapshot!(new_in(&root.path().join("mine.txt"), &[]).1, @r"
    1
    -- stdout
    -- stderr
    error: cannot make the folder `DIR`
      caused by: Not a directory (os error 20)
    ");
    let (code, told) = new_in(&root.path().join("other"), &["--template", "motel"]);
    assert_eq!(code, 2);
    insta::assert_snapshot!(told, @r"
    2
    -- stdout
    -- stderr
    error: invalid value 'motel' for '--template <TEMPLATE>'
      [possible values: blank, events, hotel]

      tip: a similar value exists: 'hotel'

    For more information, try '--help'.
    ");
}
