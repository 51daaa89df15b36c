"""The only importer of awscli and botocore."""
