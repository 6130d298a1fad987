/** Speed of each kernel kind. */
