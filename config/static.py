"""Which front-end files are served: of every npm package the built, minified ones, not its thirty variants."""

from django.contrib.staticfiles.apps import StaticFilesConfig


class StaticFiles(StaticFilesConfig):
    ignore_patterns = [
        *StaticFilesConfig.ignore_patterns,
        *("cjs", "esm", "ext", "plugins", "scss", "types"),
        *("*.amd.js", "*.cjs.js", "*.esm.*", "*.d.ts", "*.gz", "*.json", "*.rtl.*", "*.scss"),
        *("bootstrap-grid*", "bootstrap-reboot*", "bootstrap-utilities*", "bootstrap.css*", "bootstrap.js*"),
        *("bootstrap.bundle.js*", "bootstrap.min.js*", "bootstrap-icons.css", "htmx.js"),
        *("quill.bubble*", "quill.snow*", "quill.core.js*"),
        *(
            "tom-select.base*",
            "tom-select.popular*",
            "tom-select.complete.js*",
            "tom-select.css*",
            "tom-select.default*",
        ),
        *("tom-select.bootstrap4*", "tom-select.bootstrap5.css*"),
    ]
