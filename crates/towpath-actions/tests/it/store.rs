//! The store of fetched actions, with git over files.

use towpath_actions::{ActionStore, Remote};
use towpath_testing::TestContext;

#[test]
fn an_action_is_fetched_by_tag_branch_and_commit_and_then_found() {
    let server = TestContext::without_git();
    let action = TestContext::new();
    action.write("action.yml", "name: first\n");
    action.write("sub/action.yml", "name: sub\n");
    let first = action.commit("first");
    action.git(&["tag", "v1"]);
    action.write("action.yml", "name: second\n");
    let second = action.commit("second");
    std::fs::create_dir_all(server.root().join("owner")).unwrap();
    std::os::unix::fs::symlink(action.root(), server.root().join("owner/tool")).unwrap();
    let url = format!("file://{}", server.root().display());

    let folder = server.folder().join("store");
    let store = ActionStore::of(&folder);
    for (uses, commit, name) in [
        ("owner/tool@v1", &first, "first"),
        ("owner/tool/sub@main", &second, "second"),
    ] {
        let remote = Remote::parse(uses).unwrap();
        assert_eq!(store.find(&remote), None, "{uses}");
        assert_eq!(&store.fetch(&remote, &url).unwrap(), commit, "{uses}");
        let found = store.find(&remote).unwrap();
        let text = std::fs::read_to_string(found.join("action.yml")).unwrap();
        assert_eq!(text, format!("name: {name}\n"));
        assert!(found.join("sub/action.yml").is_file());
    }
    let uses = format!("Owner/Tool@{first}");
    let by_commit = Remote::parse(&uses).unwrap();
    assert!(
        store.find(&by_commit).is_some(),
        "it was fetched by its tag"
    );
    let absent = Remote::parse("owner/tool@v9").unwrap();
    let error = store.fetch(&absent, &url).unwrap_err();
    assert!(
        error
            .to_string()
            .contains("cannot fetch `owner/tool` at `v9`"),
        "{error}"
    );
    let left = std::fs::read_dir(folder.join("owner/tool"))
        .unwrap()
        .count();
    assert_eq!(left, 3, "two commits and the versions");
}
