"""The grocer's product categories as aisles and offers: what a shopper would call them.

An *aisle* is a group of the catalogue, an *offer* an action in it; both are named here once
and `catalogue/offers.yaml` says the rest. Categories not named (fuel, cigarettes, alcohol,
gift cards) belong to no aisle, and nothing is offered on them.
"""

from __future__ import annotations

from engine.domain import Action

AISLES: dict[str, dict[str, tuple[str, ...]]] = {
    "produce": {
        "salad-bowl": ("SALAD MIX", "TOMATOES", "VEGETABLES SALAD", "PEPPERS-ALL", "HERBS"),
        "fruit-bowl": (
            *("APPLES", "BERRIES", "GRAPES", "TROPICAL FRUIT", "CITRUS", "MELONS", "PEARS"),
            *("STONE FRUIT", "VALUE ADDED FRUIT"),
        ),
        "vegetable-box": (
            *("POTATOES", "ONIONS", "CARROTS", "VEGETABLES - ALL OTHERS", "MUSHROOMS", "SQUASH"),
            *("BROCCOLI/CAULIFLOWER", "ORGANICS FRUIT & VEGETABLES", "VALUE ADDED VEGETABLES"),
            *("CORN", "PROCESSED"),
        ),
    },
    "meat": {
        "sunday-roast": ("BEEF", "PORK", "SMOKED MEATS", "LAMB", "VEAL"),
        "chicken-dinner": ("CHICKEN", "TURKEY", "FROZEN CHICKEN"),
        "bacon-and-eggs": ("BACON", "BREAKFAST SAUSAGE/SANDWICHES"),
        "grill-night": ("DINNER SAUSAGE", "HOT DOGS", "MEAT - MISC"),
    },
    "seafood": {
        "fish-friday": ("SEAFOOD - FROZEN", "SEAFOOD-FRESH", "SEAFOOD - SHELF STABLE"),
    },
    "deli": {
        "lunchbox": ("LUNCHMEAT", "DELI MEATS"),
        "deli-counter": (
            *("CHEESES", "SALADS/DIPS", "CHICKEN/POULTRY", "HEAT/SERVE", "PREPARED FOOD"),
            *("PARTY TRAYS", "SALAD BAR"),
        ),
    },
    "bakery": {
        "fresh-loaf": ("BAKED BREAD/BUNS/ROLLS", "BREAD", "ROLLS"),
        "warm-from-the-oven": ("REFRGRATD DOUGH PRODUCTS", "FROZEN BREAD/DOUGH", "PIES", "CAKES"),
        "home-baking": (
            *("BAKING MIXES", "BAKING NEEDS", "FLOUR & MEALS", "SUGARS/SWEETNERS", "CANNED MILK"),
            *("SHORTENING/OIL", "SPICES & EXTRACTS", "DRY MIX DESSERTS"),
        ),
    },
    "dairy": {
        "milk-and-eggs": ("FLUID MILK PRODUCTS", "EGGS", "MILK BY-PRODUCTS"),
        "cheese-board": ("CHEESE",),
        "yogurt-pots": ("YOGURT",),
        "butter-dish": ("BUTTER", "MARGARINES", "MISC. DAIRY"),
    },
    "frozen": {
        "freezer-dinners": ("FRZN MEAT/MEAT DINNERS", "FROZEN MEAT"),
        "pizza-night": ("FROZEN PIZZA",),
        "ice-cream": ("ICE CREAM/MILK/SHERBTS", "FRZN NOVELTIES/WTR ICE"),
        "frozen-vegetables": ("FRZN VEGETABLE/VEG DSH", "FRZN POTATOES", "FRZN FRUITS"),
        "pudding-club": ("FROZEN PIE/DESSERTS",),
    },
    "breakfast": {
        "cereal-bowl": ("COLD CEREAL", "HOT CEREAL", "CEREAL/BREAKFAST"),
        "breakfast-to-go": (
            *("CONVENIENT BRKFST/WHLSM SNACKS", "FRZN BREAKFAST FOODS"),
            *("MOLASSES/SYRUP/PANCAKE MIXS", "BREAKFAST SWEETS"),
        ),
        "coffee-and-tea": ("COFFEE", "TEAS", "COCOA MIXES"),
    },
    "drinks": {
        "fizzy-drinks": ("SOFT DRINKS", "ISOTONIC DRINKS"),
        "juice-jug": (
            *("CANNED JUICES", "REFRGRATD JUICES/DRNKS", "FRZN JCE CONC/DRNKS"),
            *("PWDR/CRYSTL DRNK MX",),
        ),
        "sparkling-water": ("WATER - CARBONATED/FLVRD DRINK",),
    },
    "snacks": {
        "movie-night": (
            *("BAG SNACKS", "SNACK NUTS", "WAREHOUSE SNACKS", "POPCORN", "NUTS"),
            *("CRACKERS/MISC BKD FD",),
        ),
        "cookie-jar": ("COOKIES/CONES", "COOKIES", "CANDY - CHECKLANE", "CANDY - PACKAGED"),
    },
    "pantry": {
        "pasta-night": ("DRY NOODLES/PASTA", "PASTA SAUCE", "DINNER MXS:DRY"),
        "taco-night": ("HISPANIC", "DRY BN/VEG/POTATO/RICE", "DRY SAUCES/GRAVY"),
        "soup-cupboard": (
            *("SOUP", "MEAT - SHELF STABLE", "VEGETABLES - SHELF STABLE"),
            *("BEANS - CANNED GLASS & MW", "FRUIT - SHELF STABLE"),
        ),
        "sauces-and-spreads": (
            *("SALD DRSNG/SNDWCH SPRD", "CONDIMENTS/SAUCES", "PICKLE/RELISH/PKLD VEG"),
            *("PNT BTR/JELLY/JAMS", "OLIVES"),
        ),
    },
    "natural": {
        "natural-foods": (
            *("REFRIGERATED", "FROZEN", "FITNESS&DIET", "DRIED FRUIT", "VITAMINS"),
            *("DIETARY AID PRODUCTS", "PACKAGED NATURAL SNACKS", "NON-DAIRY BEVERAGES"),
            *("CHIPS&SNACKS", "PREPARED/PKGD FOODS"),
        ),
    },
    "baby": {
        "baby-days": (
            *("DIAPERS & DISPOSABLES", "INFANT FORMULA", "BABY FOODS", "BABY HBC"),
            *("INFANT CARE PRODUCTS",),
        ),
    },
    "pets": {
        "good-dog": ("DOG FOODS",),
        "happy-cat": ("CAT FOOD", "CAT LITTER", "PET CARE SUPPLIES"),
    },
    "household": {
        "laundry-day": ("LAUNDRY DETERGENTS", "LAUNDRY ADDITIVES", "BLEACH"),
        "paper-round": (
            *("BATH TISSUES", "PAPER TOWELS", "FACIAL TISS/DNR NAPKIN", "PAPER HOUSEWARES"),
            *("FD WRAPS/BAGS/TRSH BG",),
        ),
        "sparkling-home": ("HOUSEHOLD CLEANG NEEDS", "AIR CARE", "DISHWASH DETERGENTS"),
    },
    "care": {
        "bathroom-shelf": (
            *("SOAP - LIQUID & BAR", "HAND/BODY/FACIAL PRODUCTS", "DEODORANTS"),
            *("SHAVING CARE PRODUCTS", "FEMININE HYGIENE", "MAKEUP AND TREATMENT"),
        ),
        "hair-day": ("HAIR CARE PRODUCTS",),
        "bright-smile": ("ORAL HYGIENE PRODUCTS",),
        "first-aid-box": (
            *("ANALGESICS", "COLD AND FLU", "SINUS AND ALLERGY", "FIRST AID PRODUCTS"),
            *("ANTACIDS", "EYE AND EAR CARE PRODUCTS"),
        ),
    },
    "flowers": {
        "fresh-flowers": ("FLORAL-FRESH CUT", "ROSES", "FLORAL-FLOWERING PLANTS"),
    },
}

WHOLE_SHOP = "whole-shop-voucher"
"""The offer of coupons so broad that no one offer holds half of the products they are good for."""

OFFER_OF_CATEGORY = {
    category: offer
    for offers in AISLES.values()
    for offer, categories in offers.items()
    for category in categories
}
AISLE_OF_OFFER = {offer: aisle for aisle, offers in AISLES.items() for offer in offers}
OFFERS = (*sorted(AISLE_OF_OFFER), WHOLE_SHOP)


def action(offer: str) -> Action:
    """The offer as the catalogue's action, for training without a catalogue at hand."""
    return Action(offer, "offer", AISLE_OF_OFFER.get(offer, "vouchers"), "marketing")
