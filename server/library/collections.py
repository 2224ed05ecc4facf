"""What phones hold of the library.

user:{id}   an educator's own items with their reviews; one's own ratings
item:{id}   an item on the shelf with its files, for whoever asks for it
"""

from server.library.schemas import ItemRow, RatingRow, ShelfRow
from sync.collection import EVERYONE, BucketKind, Collection, Grant, Name, bucket
from sync.merge import ByServer

items = Collection(
    name="library.items",  # On every phone: never renamed, never used again.
    table="library_items",
    row=ItemRow,
    buckets=(bucket("user", "educator_id"),),
    tier=1,
    merge=ByServer(),
    deletion="by_server",
)

shelf = Collection(
    name="library.shelf",  # On every phone: never renamed, never used again.
    table="library_shelf",
    row=ShelfRow,
    buckets=(bucket("item", "id"),),
    tier=1,
    merge=ByServer(),
    deletion="by_server",
)

ratings = Collection(
    name="library.ratings",  # On every phone: never renamed, never used again.
    table="library_ratings",
    row=RatingRow,
    buckets=(bucket("user", "user_id"),),
    tier=3,
    merge=ByServer(),
    deletion="by_server",
)

bucket_kinds = (BucketKind("item", automatic=False),)
grants = (Grant(table="library_shelf", audience=EVERYONE, bucket=Name("item", "id")),)
