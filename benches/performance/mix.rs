//! Objects as large applications have them, as ResourceList, `kind: List` and plain documents, and a declaration that patches
//! some of them.

use std::fmt::Write as _;
use std::io::{self, BufWriter, Write};
use std::path::Path;

/// How the objects are written.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Shape {
    /// As kustomize gives them to a function, with the declaration.
    ResourceList,
    List,
    Documents,
}

/// What the objects are.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Content {
    /// What large applications have.
    Mixed,
    /// The same with Services in place of CustomResourceDefinitions: no value goes on in another line, except in block scalars.
    WithoutDefinitions,
    /// Deployments and nothing else.
    Deployments,
}

/// Which objects.
#[derive(Clone, Copy)]
pub(crate) struct Mix {
    pub(crate) objects: usize,
    /// How many of them are patched: Deployments, evenly spread.
    pub(crate) patched: usize,
    pub(crate) content: Content,
}

/// Of ten objects, so many are Deployments, unless all are.
const DEPLOYMENTS_OF_TEN: usize = 4;
/// How many containers a Deployment has, and how many variables each of them.
const CONTAINERS: [&str; 2] = ["main", "proxy"];
const VARIABLES: usize = 20;

impl Mix {
    pub(crate) fn new(objects: usize, patched: usize) -> Self {
        Self { objects, patched, content: Content::Mixed }
    }

    /// Writes the list without ever having the whole of it, which may be hundreds of megabytes.
    pub(crate) fn write(&self, shape: Shape, path: &Path) -> io::Result<()> {
        let mut out = BufWriter::new(std::fs::File::create(path)?);
        out.write_all(match shape {
            Shape::ResourceList => b"apiVersion: config.kubernetes.io/v1\nkind: ResourceList\nitems:\n",
            Shape::List => b"apiVersion: v1\nkind: List\nitems:\n",
            Shape::Documents => b"",
        })?;
        for number in 0..self.objects {
            let object = self.object(number);
            match shape {
                Shape::Documents if number == 0 => out.write_all(object.as_bytes())?,
                Shape::Documents => write!(out, "---\n{object}")?,
                Shape::List | Shape::ResourceList => write_item(&object, &mut out)?,
            }
        }
        if shape == Shape::ResourceList {
            out.write_all(b"functionConfig:\n")?;
            for line in self.declaration().lines() {
                writeln!(out, "  {line}")?;
            }
        }
        out.flush()
    }

    /// The declaration of those that are patched.
    pub(crate) fn declaration(&self) -> String {
        let mut text = String::from(
            "apiVersion: iamra.dev/v1alpha1\nkind: RolesAnywhere\nmetadata:\n  name: bench\nspec:\n  roles:\n    app: {}\n  workloads:",
        );
        text.push_str(if self.patched == 0 { " {}\n" } else { "\n" });
        let is_of_deployments = self.content == Content::Deployments;
        let deployments = if is_of_deployments { self.objects } else { self.objects * DEPLOYMENTS_OF_TEN / 10 };
        assert!(self.patched <= deployments, "{deployments} Deployments");
        for index in 0..self.patched {
            let deployment = index * deployments / self.patched;
            let number = if is_of_deployments {
                deployment
            } else {
                deployment / DEPLOYMENTS_OF_TEN * 10 + deployment % DEPLOYMENTS_OF_TEN * 2
            };
            let _ = writeln!(text, "    object-{number}: {{role: app, namespace: {}}}", team(number));
        }
        text
    }

    fn object(&self, number: usize) -> String {
        match number % 10 {
            _ if self.content == Content::Deployments => deployment(number),
            0 | 2 | 4 | 6 => deployment(number),
            1 | 5 | 8 => config_map(number),
            9 if number % 50 == 49 && self.content == Content::Mixed => definition(number),
            _ => service(number),
        }
    }
}

/// What the lookups of the declaration say.
pub(crate) fn lock() -> String {
    let arn = "arn:aws:rolesanywhere:eu-central-1:111122223333";
    let id = "6a5b4c3d-2e1f-4a0b-9c8d-7e6f5a4b3c2d";
    format!(
        "apiVersion: iamra.dev/v1alpha1\nkind: Lock\nreferences:\n  ssm:/iam-ra/default/scopes/default/trust-anchor-arn:\n    value: {arn}:trust-anchor/{id}\n  ssm:/iam-ra/default/roles/app/profile-arn:\n    value: {arn}:profile/{id}\n  ssm:/iam-ra/default/roles/app/role-arn:\n    value: arn:aws:iam::111122223333:role/app\n"
    )
}

fn write_item(object: &str, out: &mut impl Write) -> io::Result<()> {
    for (index, line) in object.lines().enumerate() {
        match (index, line) {
            (0, _) => writeln!(out, "- {line}")?,
            (_, "") => writeln!(out)?,
            _ => writeln!(out, "  {line}")?,
        }
    }
    Ok(())
}

fn team(number: usize) -> String {
    format!("team-{}", number % 40)
}

fn head(api_version: &str, kind: &str, number: usize) -> String {
    format!(
        "apiVersion: {api_version}\nkind: {kind}\nmetadata:\n  name: object-{number}\n  namespace: {}\n  labels:\n    app.kubernetes.io/name: object-{number}\n    app.kubernetes.io/part-of: shop # the product, not the team\n    app.kubernetes.io/version: \"1.{}\"\n  annotations:\n    config.kubernetes.io/index: \"{number}\"\n    internal.config.kubernetes.io/index: \"{number}\"\n",
        team(number),
        number % 17
    )
}

fn deployment(number: usize) -> String {
    let mut text = head("apps/v1", "Deployment", number);
    let _ = write!(
        text,
        "# Ask the owner before you scale it: the database allows 200 connections.\nspec:\n  replicas: {}\n  selector:\n    matchLabels:\n      app.kubernetes.io/name: object-{number}\n  strategy:\n    rollingUpdate:\n      maxSurge: 25%\n      maxUnavailable: 0 # one short is too slow at noon\n  template:\n    metadata:\n      labels:\n        app.kubernetes.io/name: object-{number}\n    spec:\n      serviceAccountName: object-{number}\n      securityContext:\n        runAsNonRoot: true\n        seccompProfile: {{type: RuntimeDefault}}\n      containers:\n",
        number % 5 + 1
    );
    for container in CONTAINERS {
        let _ = write!(
            text,
            "      - name: {container}\n        image: registry.example.com/team/{container}:1.2.3@sha256:0f1e2d3c4b5a69788796a5b4c3d2e1f00f1e2d3c4b5a69788796a5b4c3d2e1f0\n        args: [\"--listen=:8080\", \"--verbose\"]\n        ports:\n        - containerPort: 8080\n          name: http\n        env:\n"
        );
        for variable in 0..VARIABLES {
            let _ = writeln!(
                text,
                "        - name: VARIABLE_{variable}\n          value: \"some value, number {variable}\""
            );
        }
        text.push_str(
            "        # Measured in May, with a margin of a half.\n        resources:\n          requests:\n            cpu: 100m\n            memory: 256Mi\n          limits:\n            memory: 512Mi\n        readinessProbe:\n          httpGet:\n            path: /ready\n            port: http\n          periodSeconds: 5\n        volumeMounts:\n        - name: settings\n          mountPath: /etc/settings\n",
        );
    }
    let _ =
        write!(text, "      volumes:\n      - name: settings\n        configMap:\n          name: object-{number}\n");
    text
}

fn config_map(number: usize) -> String {
    let mut text = head("v1", "ConfigMap", number);
    text.push_str("data:\n  LOG_LEVEL: info\n  script.sh: |\n    #!/bin/sh\n    set -eu\n\n");
    for line in 0..20 + number * 7 % 100 {
        let _ = writeln!(text, "    echo \"line {line}: a script, as ConfigMaps have them\" # with: colons");
    }
    text.push_str("  settings.json: |-\n    {\n");
    for line in 0..20 {
        let _ = writeln!(text, "      \"setting-{line}\": {{\"value\": [1, 2, 3], \"enabled\": true}},");
    }
    text.push_str("      \"last\": null\n    }\n");
    text
}

fn service(number: usize) -> String {
    let mut text = head("v1", "Service", number);
    let _ = write!(
        text,
        "spec:\n  selector:\n    app.kubernetes.io/name: object-{number}\n  ports:\n  - name: http\n    port: 80\n    targetPort: http\n"
    );
    text
}

/// A CustomResourceDefinition: long descriptions in several styles, deep below each other.
fn definition(number: usize) -> String {
    let mut text = format!(
        "apiVersion: apiextensions.k8s.io/v1\nkind: CustomResourceDefinition\nmetadata:\n  name: things{number}.example.com\nspec:\n  group: example.com\n  names:\n    kind: Thing{number}\n    plural: things{number}\n  scope: Namespaced\n  versions:\n  - name: v1\n    served: true\n    storage: true\n    schema:\n      openAPIV3Schema:\n        type: object\n        properties:\n"
    );
    for group in 0..12 {
        let _ = write!(
            text,
            "          group{group}:\n            description: |-\n              What is in group {group}, and why: its fields are read once.\n\n              They cannot be changed afterwards.\n            type: object\n            required:\n            - field0\n            properties:\n"
        );
        for field in 0..8 {
            // Of more than 80 columns, so kustomize writes it in two lines as well.
            let description = if field % 4 == 0 {
                "'What it does: it isn''t read before the others are, and whoever changes it has to
                  restart all pods that belong to the thing.'"
            } else {
                "What it does, which is not read before the others are, and whoever changes it has
                  to restart all pods that belong to the thing."
            };
            let _ = write!(
                text,
                "              field{field}:\n                description: {description}\n                maxLength: 63\n                pattern: ^[a-z0-9]([-a-z0-9]*[a-z0-9])?$\n                type: string\n"
            );
        }
    }
    text
}
