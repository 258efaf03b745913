"""Name everything that can go wrong.

FocusError
├── ConfigurationError            the call or the configuration is wrong: exit code 2
│   ├── InvalidConfiguration      a file, the path of a key in it, and what was expected there
│   ├── UnknownSource             } a name that is not there,
│   ├── UnknownResource           } with the names
│   ├── UnknownPartition          } that
│   ├── UnknownEntry              } are
│   ├── DestinationChanged        rows that were sent to another place than their entry says now
│   ├── ServiceNotFound           } a registry or a descriptor
│   ├── ResourceNotFound          } that lacks a name
│   ├── ClientNotEntered          a client that is used before it was entered, or after it was left
│   └── MissingExtra              an optional dependency that this configuration needs
├── ApiError                      the API did not give what it was asked for
│   ├── ApiUnreachable            no connection, or one that broke before the answer's head  (repeatable)
│   ├── ApiTimeout                connect, read or total deadline passed                     (repeatable)
│   ├── ServerFailed              5xx                                                        (repeatable)
│   ├── RateLimited               429                                                        (repeatable)
│   ├── StaleAnswer               one that something between us and the server had kept      (repeatable)
│   ├── AuthenticationFailed      the credentials, or a token obtained for this very request, were refused
│   ├── PermissionDenied          403
│   ├── NotFound                  404
│   ├── DeltaExpired              410: the server no longer keeps what the delta asks for
│   ├── VersionConflict           412: somebody else changed it since the version that was named
│   ├── ServiceDiscoveryFailed    a registry did not say where its services are
│   ├── ResourceDiscoveryFailed   a service did not say which resources it has
│   ├── TokenFailed               an identity service issued no token
│   ├── RequestRefused            any other status that is not 200
│   ├── RedirectRefused           3xx: an authenticated call is never redirected
│   ├── OriginRefused             a link that leaves the configured origins
│   └── BodyError                 a 200 whose body is not what it should be: feed, line, byte
│       ├── Truncated             the body ended early                                       (repeatable)
│       ├── UnexpectedBody        HTML, an error object, nothing at all                      (repeatable)
│       ├── CorruptEncoding       gzip that does not decode to its trailer                   (repeatable)
│       ├── UnsupportedEncoding   an encoding that was not asked for
│       ├── PageRepeated          a page or a link to one that came before: the pages would never end
│       └── LimitExceeded         a line, a body or a nesting beyond the limit
├── SchemaError
│   ├── InvalidSchema             the schema's answer has not the documented shape
│   ├── UnknownType               a column of a type that nobody described
│   ├── NameRefused               a hostile, reserved or colliding name
│   └── SchemaChanged             a column was removed, retyped or left the key; or the schema moved during the load
├── RowError                      one line that cannot be stored as it is: feed, line, column, start of the value
│   ├── BadValue                  wrong type, out of range, NaN, NUL, lone surrogate, too precise
│   ├── DuplicateName             one JSON object that names a key twice
│   ├── MissingKey                a null or absent primary key
│   ├── UnknownAttribute          a line has an attribute that the schema lacks
│   └── FunctionFailed            a user's own function raised an error for a record
├── SharedLimitUnavailable        the file by which processes share a rate limit cannot be used
├── LoadError                     the load was judged and not published
│   ├── Incomplete                a full load that does not hold what both states say
│   ├── ShrinkRefused             the shrink guard
│   ├── Unsettled                 the server kept moving, and the count fits no state it showed
│   └── StaleGeneration           another run published first
├── WriteError                    a write was not done
│   ├── KeyBusy                   an earlier write of the same key is not settled yet
│   ├── OvertakenWrite            another worker took the write over
│   ├── UnknownOperation          an operation that was never recorded
│   ├── OutdatedPlan              another process sent the row since this one looked
│   ├── RepeatedKey               rows to be sent of which two have one key
│   └── DeletionsRefused          far more would be deleted at the API than is usual
├── BrokerError                   a message was not taken over; what it would have told is in the tables
│   ├── BrokerUnreachable         no connection, or no confirmation in time
│   └── MessageRefused            no queue for it, or none that takes it
└── DatabaseError
    ├── DatabaseUnreachable       no connection, or one that was lost
    ├── DatabaseBusy              somebody else holds the lock
    ├── DatabaseRefused           a right, a database or a table that is missing
    ├── StorageFull               no room left
    └── DatabaseFailed            anything else that the driver said
"""

from __future__ import annotations

from focus_assets.model.errors.api import (
    ApiError,
    ApiTimeout,
    ApiUnreachable,
    AuthenticationFailed,
    DeltaExpired,
    NotFound,
    OriginRefused,
    PermissionDenied,
    RateLimited,
    RedirectRefused,
    RequestRefused,
    ResourceDiscoveryFailed,
    ServerFailed,
    ServiceDiscoveryFailed,
    StaleAnswer,
    TokenFailed,
    VersionConflict,
)
from focus_assets.model.errors.body import (
    BodyError,
    CorruptEncoding,
    LimitExceeded,
    PageRepeated,
    Truncated,
    UnexpectedBody,
    UnsupportedEncoding,
)
from focus_assets.model.errors.broker import (
    BrokerError,
    BrokerUnreachable,
    MessageRefused,
)
from focus_assets.model.errors.configuration import (
    ClientNotEntered,
    ConfigurationError,
    DestinationChanged,
    InvalidConfiguration,
    MissingExtra,
    ResourceNotFound,
    ServiceNotFound,
    UnknownEntry,
    UnknownPartition,
    UnknownResource,
    UnknownSource,
)
from focus_assets.model.errors.content import (
    BadValue,
    DuplicateName,
    FunctionFailed,
    InvalidSchema,
    MissingKey,
    NameRefused,
    RowError,
    SchemaChanged,
    SchemaError,
    UnknownAttribute,
    UnknownType,
)
from focus_assets.model.errors.load import (
    Incomplete,
    LoadError,
    ShrinkRefused,
    StaleGeneration,
    Unsettled,
)
from focus_assets.model.errors.root import FocusError
from focus_assets.model.errors.storage import (
    DatabaseBusy,
    DatabaseError,
    DatabaseFailed,
    DatabaseRefused,
    DatabaseUnreachable,
    SharedLimitUnavailable,
    StorageFull,
)
from focus_assets.model.errors.write import (
    DeletionsRefused,
    KeyBusy,
    OutdatedPlan,
    OvertakenWrite,
    RepeatedKey,
    UnknownOperation,
    WriteError,
)

__all__ = [
    "ApiError",
    "ApiTimeout",
    "ApiUnreachable",
    "AuthenticationFailed",
    "BadValue",
    "BodyError",
    "BrokerError",
    "BrokerUnreachable",
    "ClientNotEntered",
    "ConfigurationError",
    "CorruptEncoding",
    "DatabaseBusy",
    "DatabaseError",
    "DatabaseFailed",
    "DatabaseRefused",
    "DatabaseUnreachable",
    "DeletionsRefused",
    "DeltaExpired",
    "DestinationChanged",
    "DuplicateName",
    "FocusError",
    "FunctionFailed",
    "Incomplete",
    "InvalidConfiguration",
    "InvalidSchema",
    "KeyBusy",
    "LimitExceeded",
    "LoadError",
    "MessageRefused",
    "MissingExtra",
    "MissingKey",
    "NameRefused",
    "NotFound",
    "OriginRefused",
    "OutdatedPlan",
    "OvertakenWrite",
    "PageRepeated",
    "PermissionDenied",
    "RateLimited",
    "RedirectRefused",
    "RepeatedKey",
    "RequestRefused",
    "ResourceDiscoveryFailed",
    "ResourceNotFound",
    "RowError",
    "SchemaChanged",
    "SchemaError",
    "ServerFailed",
    "ServiceDiscoveryFailed",
    "ServiceNotFound",
    "SharedLimitUnavailable",
    "ShrinkRefused",
    "StaleAnswer",
    "StaleGeneration",
    "StorageFull",
    "TokenFailed",
    "Truncated",
    "UnexpectedBody",
    "UnknownAttribute",
    "UnknownEntry",
    "UnknownOperation",
    "UnknownPartition",
    "UnknownResource",
    "UnknownSource",
    "UnknownType",
    "Unsettled",
    "UnsupportedEncoding",
    "VersionConflict",
    "WriteError",
]
