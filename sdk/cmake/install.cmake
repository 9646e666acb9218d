# Headers, CMake package and pkg-config file of the SDK.
