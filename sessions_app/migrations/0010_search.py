"""Search: what a text is made of, as pairs of neighbouring letters, and an index over each text that is searched.

Every name is qualified: a restore runs with an empty search_path. COST keeps the planner from asking row by row; the
index is never asked for statistics (each would cost a reading of thirty thousand texts), so it always counts as the
narrowest way, which it is (docs/decisions/0041-search-by-pairs.md).
"""

from django.db import migrations

WIDE = "".join(chr(0xFEE0 + code) for code in range(ord("0"), ord("z") + 1) if chr(code).isalnum())
NARROW = "".join(chr(ord(letter) - 0xFEE0) for letter in WIDE)
HAN = "〇々\u3400-\u9fff\uf900-\ufaff\U00020000-\U0003ffff"
PLAIN = f"""pg_catalog.lower(CASE WHEN said OPERATOR(pg_catalog.~) '[０-９Ａ-Ｚａ-ｚ]'
    THEN pg_catalog.translate(said, '{WIDE}', '{NARROW}') ELSE said END COLLATE pg_catalog."C")"""

FUNCTIONS = f"""
CREATE FUNCTION zhixing_plain(said text) RETURNS text
    LANGUAGE sql IMMUTABLE PARALLEL SAFE STRICT COST 50
RETURN {PLAIN};

CREATE FUNCTION zhixing_bigrams(said text) RETURNS tsvector
    LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE STRICT COST 20000
AS $function$
DECLARE
    plain text := pg_catalog."left"({PLAIN}, 100000);
    letters text[] := pg_catalog.string_to_array(plain, NULL);
BEGIN
    RETURN pg_catalog.array_to_tsvector(ARRAY(
        SELECT pair FROM (
            SELECT one OPERATOR(pg_catalog.||) two
            FROM ROWS FROM (pg_catalog.unnest(letters), pg_catalog.unnest(letters[2:])) AS neighbours(one, two)
        ) AS pairs(pair)
        WHERE pair OPERATOR(pg_catalog.~) '^([{HAN}][0-9a-z{HAN}]|[0-9a-z][{HAN}])$'
        UNION ALL
        SELECT pg_catalog."left"(word[1], 64) FROM pg_catalog.regexp_matches(plain, '[0-9a-z]+', 'g') AS word
    ));
END
$function$;
"""

# The same words as in search/sources.py: an index serves only the expression it was made for.
INDEXED = {
    "studysession": "topic",
    "planitem": "topic || ' ' || materials || ' ' || research_topic || ' ' || expected_outcome",
    "minutes": "discussion || ' ' || summary",
    "minutessection": "text",
    "speech": "title || ' ' || text || ' ' || link_to_work || ' ' || proposal",
    "outcome": "title || ' ' || authors || ' ' || document_number || ' ' || adoption",
    "finding": "text || ' ' || basis",
    "issuedpaper": "title",
    "bulletin": "title || ' ' || regexp_replace(body, '<[^>]*>', '', 'g')",
}
INDEXES = "".join(
    f"""
CREATE INDEX search_{table} ON sessions_app_{table} USING gin (zhixing_bigrams({words}));
ALTER INDEX search_{table} ALTER COLUMN 1 SET STATISTICS 0;
"""
    for table, words in INDEXED.items()
)
GONE = "".join(f"DROP INDEX search_{table};\n" for table in INDEXED)


class Migration(migrations.Migration):
    dependencies = [("sessions_app", "0009_assessment_bulletins")]
    operations = [
        migrations.RunSQL(FUNCTIONS, "DROP FUNCTION zhixing_bigrams(text); DROP FUNCTION zhixing_plain(text);"),
        migrations.RunSQL(INDEXES, GONE),
    ]
