//! Every way of writing a list that once misled a reader, or might.

use super::HEAD;
use super::differential::{Verdict, Verdict::*, check};

#[rustfmt::skip]
const CASES: &[(&str, &str, Verdict)] = &[
    ("block scalar with look-alike lines", "items:\n- apiVersion: v1\n  kind: ConfigMap\n  data:\n    x: |\n      - apiVersion: apps/v1\n        kind: Deployment\n      items:\n      \"open\n- apiVersion: v1\n  kind: Service\n", Fast),
    ("literal as seq entry", "items:\n- args:\n  - |\n    - apiVersion: x\n    kind: [\n  - b\n- kind: B\n", Fast),
    ("explicit indentation indicator", "items:\n- a: |2\n      deep\n    shallow\n- b: |1-\n   x\n", Fast),
    ("keep chomping + blank lines then next item", "items:\n- a: |+\n    x\n\n\n- b: 1\n", Fast),
    ("comment between items col 0", "items:\n- a: 1\n# c1\n\n# c2\n- b: 1\n# tail\nfunctionConfig:\n  a: b\n", Fast),
    ("comment inside item col 0", "items:\n- a: 1\n# c1\n  b: 2\n- c: 1\n", Fast),
    ("comment after dash", "items:\n- # head\n  apiVersion: v1\n  kind: X\n- b: 1\n", Fast),
    ("dash alone", "items:\n-\n  apiVersion: v1\n- b: 1\n", Fast),
    ("4-space keys", "items:\n-   apiVersion: v1\n    kind: X\n-   b: 1\n", Fast),
    ("flow item (kpt JSON source)", "items:\n- {\"apiVersion\": \"v1\", \"kind\": \"ConfigMap\", \"metadata\": {\"name\": \"j\", annotations: {config.kubernetes.io/index: '0'}}}\n- b: 1\n", Fast),
    ("flow metadata", "items:\n- kind: S\n  metadata: {name: svc, annotations: {a/b: '0', c: 'd'}}\n  spec:\n    ports: [{port: 80, targetPort: http}]\n- b: 1\n", Fast),
    ("items indented", "items:\n  - a: 1\n  - b: 1\n", Fast),
    ("items flow empty", "items: []\n", Fast),
    ("items null", "items:\nfunctionConfig:\n  a: b\n", Slow),
    ("items flow", "items: [{a: 1}]\n", Slow),
    ("json input", "{\"apiVersion\": \"config.kubernetes.io/v1\", \"kind\": \"ResourceList\", \"items\": [{\"a\": 1}]}\n", Slow),
    ("crlf", "HEAD\nitems:\r\n- a: 1\r\n- b: 1\r\n", Slow),
    ("tab after key", "items:\n- a:\t1\n- b: 1\n", Slow),
    ("bom", "\u{feff}HEAD\nitems:\n- a: 1\n", Slow),
    ("doc start", "---\nHEAD\nitems:\n- a: 1\n", Fast),
    ("two docs", "items:\n- a: 1\n---\nitems:\n- b: 1\n", Refused),
    ("doc end", "items:\n- a: 1\n...\n", Slow),
    ("yaml directive", "%YAML 1.1\n---\nHEAD\nitems:\n- a: 1\n", Slow),
    ("anchor and alias across items", "items:\n- a: &x 1\n- b: *x\n", Fast),
    ("anchor on item", "items:\n- &x\n  a: 1\n- *x\n", Slow),
    ("anchored block mapping", "items:\n- metadata: &m\n    name: x\n  spec: &s |\n    - a: 1\n- b: 1\n", Fast),
    ("tag", "items:\n- a: !!str 12\n  b: ! 13\n  c: !!str |\n    - aGk=\n  d: !!binary aGk=\n- b: 1\n", Fast),
    ("multi-line double quoted, indented", "items:\n- a: \"x\n    - apiVersion: y\"\n- b: 1\n", Fast),
    ("multi-line single quoted, as kustomize writes it", "items:\n- a:\n    b: 'it isn''t read, and\n      - c: \"d: ends # here''\n\n      kind: X' # e\n    kind: Y\n- b: 1\n", Fast),
    ("multi-line quoted entries", "items:\n- a:\n  - \"x\\\n    y\"\n  - 'x\n    y'\n- b: 1\n", Fast),
    ("multi-line flow", "items:\n- a: [x,\n    'y: ''z',\n    {b: \"]\n      }\"}\n    ]\n  kind: X\n- b: 1\n", Fast),
    ("multi-line flow with a comment", "items:\n- a: [x, # b\n    y]\n- b: 1\n", Slow),
    ("plain continuation that starts like quotes and brackets", "items:\n- a: the\n    'tis\n    \"x\n    [y\n    | z\n    * q\n- b: 1\n", Fast),
    ("plain on its own line, continuation with a quote", "items:\n- a:\n    the\n   'tis\n  b: it's'\n- c: 1\n", Slow),
    ("quoted to the end", "items:\n- a: 'x\n", Refused),
    ("multi-line double quoted, col 0 (libyaml lenient)", "items:\n- a: \"x\n- apiVersion: y\n  z\"\n- b: 1\n", Slow),
    ("multi-line single quoted col 0", "items:\n- a: 'x\n- apiVersion: y'\n- b: 1\n", Slow),
    ("multi-line flow col 0", "items:\n- a: [x,\ny]\n- b: 1\n", Slow),
    ("multi-line plain", "items:\n- a: word\n    - apiVersion not an item\n    more \"quote\n- b: 1\n", Fast),
    ("plain continuation with |", "items:\n- a: word\n    - |\n   b\n- b: 1\n", Fast),
    ("quoted key", "items:\n- \"kind\": X\n  'y: z': 1\n- b: 1\n", Fast),
    ("key with colon inside", "items:\n- a:b:c: 1\n  http://x: y\n- b: 1\n", Fast),
    ("complex key", "items:\n- ? a\n  : b\n- b: 1\n", Fast),
    ("long key as goyaml writes it", "items:\n- data:\n    ? kkkk\n    : |\n      - y\n      \"\n    ? \"nn\"\n    : v\n  kind: X\n- b: 1\n", Fast),
    ("mapping as key", "items:\n- ? a: b\n  : c\n- b: 1\n", Slow),
    ("apostrophe in plain", "items:\n- a: it's\n  b: 5\" disk\n- b: 1\n", Fast),
    ("hash in plain", "items:\n- a: x#y # \"open\n- b: 1\n", Fast),
    ("colon only in comment", "items:\n- a # b: \"c\n- b: 1\n", Slow),
    ("results after", "items:\n- a: 1\nresults:\n- message: x\n- message: y\n", Fast),
    ("results before", "results:\n- message: x\nitems:\n- a: 1\n", Fast),
    ("functionConfig with look-alike", "functionConfig:\n  items:\n  - a: 1\n  x: |\n    items:\n    - b\nitems:\n- a: 1\n", Fast),
    ("functionConfig at col 0 list", "functionConfig:\n- z: 1\nitems:\n- a: 1\n", Fast),
    ("dup items", "items:\n- a: 1\nitems:\n- b: 1\n", Refused),
    ("no final newline", "items:\n- a: 1", Slow),
    ("nested seqs", "items:\n- - - a: 1\n    - b\n  - c\n- b: 1\n", Fast),
    ("plain looks like dash", "items:\n- -a: 1\n- --- x\n- b: 1\n", Fast),
    ("merge key", "items:\n- a: &x\n    b: 1\n  c:\n    <<: *x\n- b: 1\n", Fast),
    ("a key of the list written as a block", "items:\n- a: 1\n? >\n  key\n: b\n", Refused),
    ("a key of the list behind its question mark", "items:\n- a: 1\n?\n  key\n: b\n", Refused),
    ("the kind goes on", "apiVersion: config.kubernetes.io/v1\nkind: ResourceList\n  and more\nitems:\n- a: 1\n", Refused),
    ("the kind goes on behind an empty line", "apiVersion: config.kubernetes.io/v1\nkind: ResourceList\n\n and more\nitems:\n- a: 1\n", Refused),
    ("the version goes on", "apiVersion: config.kubernetes.io/v1\n  alpha\nkind: ResourceList\nitems:\n- a: 1\n", Slow),
    ("the kind is there twice", "kind: X\napiVersion: config.kubernetes.io/v1\nkind: ResourceList\nitems:\n- a: 1\n", Refused),
    ("the kind is on the next line", "apiVersion: config.kubernetes.io/v1\nkind:\n  ResourceList\nitems:\n- a: 1\n", Slow),
    ("comments behind the words", "apiVersion: config.kubernetes.io/v1 # x\nkind: ResourceList # y\n  # z\nitems:\n- a: 1\n", Fast),
    ("space before the colon", "items : \n- a: 1\nfunctionConfig\t:\n  a: b\n", Slow),
];

#[test]
fn every_case_is_read_as_it_should_be() {
    let mut wrong = Vec::new();
    for (name, body, expected) in CASES {
        // A body with its own start has `HEAD` inside where it matters.
        let text = body.replace("HEAD\n", HEAD);
        let own_start = body.starts_with('{') || body.contains("ResourceList");
        let text = if text == *body && !own_start { format!("{HEAD}{body}") } else { text };
        let found = check(&text);
        if found != *expected {
            wrong.push(format!("{name}: expected {expected:?}, found {found:?}"));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}
