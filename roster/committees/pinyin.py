"""Reading of Chinese words for search: full pinyin and initials, so that `fgw` finds 发改委."""

from pypinyin import lazy_pinyin


def spell(syllables: list[str]) -> str:
    """`["zhang", "san"]` to `"zhangsan zs"`, lower case."""
    heard = [syllable.lower() for syllable in syllables if syllable.strip()]
    return f"{''.join(heard)} {''.join(syllable[0] for syllable in heard)}".strip()


def readings(text: str) -> str:
    """Full pinyin and initials of a name of a body: `"shifagaiwei sfgw"`."""
    return spell(lazy_pinyin("".join(text.split())))
