"""Counts the parts of an SMS the slow way: the smallest number of parts over every place to cut. Shares no code."""

GSM_LINES = (
    "@ £ $ ¥ è é ù ì ò Ç LF Ø ø CR Å å",
    "Δ _ Φ Γ Λ Ω Π Ψ Σ Θ Ξ ESC Æ æ ß É",
    "SP ! \" # ¤ % & ' ( ) * + , - . /",
    "0 1 2 3 4 5 6 7 8 9 : ; < = > ?",
    "¡ A B C D E F G H I J K L M N O",
    "P Q R S T U V W X Y Z Ä Ö Ñ Ü §",
    "¿ a b c d e f g h i j k l m n o",
    "p q r s t u v w x y z ä ö ñ ü à",
)
"""The default alphabet as 3GPP TS 23.038 prints it, sixteen to a line."""
NAMED = {"LF": "\n", "CR": "\r", "SP": " ", "ESC": ""}
DEFAULT = {NAMED.get(sign, sign) for line in GSM_LINES for sign in line.split(" ")} - {""}
ESCAPED = set("\f^{}\\[~]|€")


def parts_of(text: str) -> tuple[str, int]:
    """The encoding's name and the number of parts."""
    if all(sign in DEFAULT or sign in ESCAPED for sign in text):
        return "GSM-7", _fewest([1 if sign in DEFAULT else 2 for sign in text], alone=160, part=153)
    return "UCS-2", _fewest([len(sign.encode("utf-16-be")) // 2 for sign in text], alone=70, part=67)


def _fewest(sizes: list[int], *, alone: int, part: int) -> int:
    if not sizes:
        return 0
    if sum(sizes) <= alone:
        return 1
    fewest = [0] + [len(sizes) + 1] * len(sizes)
    for end in range(1, len(sizes) + 1):
        for start in range(end - 1, -1, -1):
            if sum(sizes[start:end]) > part:
                break
            fewest[end] = min(fewest[end], fewest[start] + 1)
    return fewest[-1]
