//! Catalogs in files.

use std::path::Path;

use entitle::catalog::{Catalog, CatalogDocument};

use super::super::output::CliError;

/// A scenario file, of which only the catalog is read.
#[derive(serde::Deserialize)]
struct ScenarioCatalog {
    catalog: CatalogDocument,
}

/// Reads the catalog in a catalog file or in a scenario file. An error names the line and the field.
pub(crate) fn read_catalog(path: &Path) -> Result<Catalog, CliError> {
    let failed = |error: &dyn std::fmt::Display| CliError::in_source(path.display(), error);
    let text = std::fs::read_to_string(path).map_err(|error| failed(&error))?;
    let value: serde_json::Value = serde_json::from_str(&text).map_err(|error| failed(&error))?;
    let document = if value.get("catalog").is_some() {
        parse::<ScenarioCatalog>(&text).map(|scenario| scenario.catalog)
    } else {
        parse::<CatalogDocument>(&text)
    };
    let document = document.map_err(|error| failed(&error))?;
    Catalog::try_from(document).map_err(|error| failed(&error))
}

fn parse<T: serde::de::DeserializeOwned>(text: &str) -> Result<T, String> {
    let json = &mut serde_json::Deserializer::from_str(text);
    serde_path_to_error::deserialize(json)
        .map_err(|error| format!("at `{}`: {}", error.path(), error.inner()))
}
