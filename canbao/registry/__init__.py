"""The register: persons, families, enrolments, categories and special identities, each with its dates."""
